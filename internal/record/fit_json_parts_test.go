package record

import "testing"

// TestJSONWithoutParts: what is no part of a document's value is left out of its
// one form, at any depth, and the form stays that of the rest.
func TestJSONWithoutParts(t *testing.T) {
	t.Parallel()
	list := Type{Kind: KindJSON, List: true, Sparse: true, Without: []string{"id"}}
	for text, want := range map[string]string{
		`[]`:                                 `[]`,
		` [ {"id": 7, "b": 1, "a": null} ] `: `[{"b":1}]`,
		`[{"a":null,"id":1}]`:                `[{}]`,
		`[{"z":{"id":1,"y":[null,{"x":null,"w":2}]},"id":null,"c":"id"}]`: `[{"c":"id","z":{"y":[null,{"w":2}]}}]`,
		`[{"b":1,"a":2,"b":3,"id":9}]`:                                    `[{"a":2,"b":3}]`,
		`[{"b":null,"a":"x","c":null,"d":"y"}]`:                           `[{"a":"x","d":"y"}]`,
	} {
		v, misfit := list.Fit(Text(text))
		if misfit != nil || v.Raw() != want {
			t.Errorf("%s became %s, wanted %s (%v)", text, v.Raw(), want, misfit)
		}
		if again, _ := list.Fit(v); again != v {
			t.Errorf("%s became %s when it was fitted again", v.Raw(), again.Raw())
		}
	}
	for _, text := range []string{`{"a":1}`, `null`, `"x"`, `[`, `a, b`} {
		if _, misfit := list.Fit(Text(text)); misfit == nil || misfit.Code != CodeWrongType {
			t.Errorf("%s passed as a list: %v", text, misfit)
		}
	}
	whole := Type{Kind: KindJSON}
	if v, _ := whole.Fit(Text(`[{"id":1,"a":null}]`)); v.Raw() != `[{"a":null,"id":1}]` {
		t.Errorf("a type that leaves nothing out left something out: %s", v.Raw())
	}
}
