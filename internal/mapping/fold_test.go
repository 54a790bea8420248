package mapping_test

import (
	"testing"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

func TestFold(t *testing.T) {
	for _, test := range []struct{ fold, key, want string }{
		{"trim", " a b ", "a b"},
		{"case", "Äb-1", "äb-1"},
		{"[pad:4, trim]", " 7 ", "0007"},
		{"pad:4", "12345", "12345"},
		{"[guid]", "{0E984725-C51C-4BF4-9960-E1C80E27ABA0}", "0e984725-c51c-4bf4-9960-e1c80e27aba0"},
		{"[guid]", "0E984725C51C4BF49960E1C80E27ABA0", "0e984725-c51c-4bf4-9960-e1c80e27aba0"},
		{"[guid]", "0E984725-C51C", "0E984725-C51C"},
		{"[case, trim, pad:3]", `A | 7`, "00a|007"},
		{"trim", "", ""},
		{"pad:3", "  ", "  "},
	} {
		file := parse(t, top+`
  e:
    from: {table: T, key: [K], fold: `+test.fold+`}
    to: {table: t, key: {column: id, new: identity}}
    fields: {name: Name}
  child:
    from: {table: C, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields: {ref: {ref: e, from: A}}
`)
		fold := file.Entity("e").From.Fold
		key := record.JoinKey(record.SplitKey(test.key)...)
		if got := fold.Key(key); got != test.want {
			t.Errorf("%s %q: %q, want %q", test.fold, test.key, got, test.want)
		}
		if again := fold.Key(fold.Key(key)); again != fold.Key(key) {
			t.Errorf("%s %q: folded twice it is %q", test.fold, test.key, again)
		}
		if len(record.SplitKey(test.key)) > 1 || test.want == "" || test.want == "  " {
			continue
		}
		program, problems := mapping.Compile(file.Entity("child"), sourceColumns, targetColumns)
		if problems != nil {
			t.Fatal(problems)
		}
		out := make([]record.Value, 1)
		rec := &record.Record{Values: []record.Value{record.Text(test.key), record.Null(), record.Null(), record.Null(), record.Null()}}
		if rejection := program.Shape(rec, out); rejection != nil || out[0].String() != test.want {
			t.Errorf("%s: a reference by %q is %q, %v", test.fold, test.key, out[0], rejection)
		}
	}
	one := parse(t, top+"\n  e:\n    from: {table: T, key: K, fold: [case, trim]}\n    to: {table: t, key: {column: id, new: identity}}\n    fields: {name: Name}\n")
	other := parse(t, top+"\n  e:\n    from: {table: T, key: K, fold: [trim, case]}\n    to: {table: t, key: {column: id, new: identity}}\n    fields: {name: Name}\n")
	if one.Hash != other.Hash {
		t.Error("the order of folds changes the meaning")
	}
}
