package mapping_test

import (
	"strings"
	"testing"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

const top = `version: 1
name: acme
connections: {old: "sqlite:old.db", new: "sqlite:new.db"}
source: old
target: new
entities:
`

// entities makes a mapping out of "name>parent,!parent" words; what refers to
// !parent cannot be filled in later.
func entities(t *testing.T, words ...string) *mapping.File {
	t.Helper()
	var b strings.Builder
	b.WriteString(top)
	for _, word := range words {
		name, parents, _ := strings.Cut(word, ">")
		b.WriteString("  " + name + ":\n    from: {table: T, key: K}\n    to: {table: t, key: {column: id, new: identity}}\n    fields:\n      name: Name\n")
		for i, parent := range strings.FieldsFunc(parents, func(c rune) bool { return c == ',' }) {
			target := strings.Replace(parent, "!", "must_", 1)
			b.WriteString("      " + target + "_" + string(rune('a'+i)) + ": {ref: " + strings.TrimPrefix(parent, "!") + ", from: P}\n")
		}
	}
	return parse(t, b.String())
}

func parse(t testing.TB, text string) *mapping.File {
	t.Helper()
	file, err := mapping.ParseBytes("landfall.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOrder(t *testing.T) {
	tests := []struct {
		entities []string
		want     string // the order, or what the message says
	}{
		{[]string{"a", "b", "c"}, "a b c"},
		{[]string{"a>c", "b", "c"}, "b c a"},
		{[]string{"job>customer,branch", "customer>branch", "branch", "other"}, "branch customer job other"},
		{[]string{"a>a"}, "a"},
		{[]string{"a>!a"}, "a"},
		{[]string{"a>b", "b>a"}, "a b"},
		{[]string{"a>!b", "b>a"}, "b a"},
		{[]string{"x>a", "a>b", "y", "b>c,z", "c>a", "z"}, "y z a c b x"},
		{[]string{"x>a", "a>!b", "b>!c", "c>a"}, "c b a x"},
		{[]string{"a>!b", "b>!a"}, "b.must_a_a: references go in a circle, a -> b -> a, and none of them can be filled in later: make one of their columns nullable"},
		{[]string{"x>a", "a>!b", "b>!c", "c>!a"}, "c.must_a_a: references go in a circle, a -> b -> c -> a, and none"},
	}
	for _, test := range tests {
		file := entities(t, test.entities...)
		order, err := file.Order(func(_ *mapping.Entity, field *mapping.Field) bool { return !strings.HasPrefix(field.Target, "must_") })
		if err != nil {
			if !strings.Contains(err.Error(), test.want) || strings.Contains(test.want, "a b c") {
				t.Errorf("%v: %v, want %s", test.entities, err, test.want)
			}
			continue
		}
		var names []string
		for _, e := range order {
			names = append(names, e.Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%v: order %s, want %s", test.entities, got, test.want)
		}
	}
}

func TestReason(t *testing.T) {
	file := entities(t, "branch", "customer", "job>customer,branch,customer")
	if got := file.Reason(file.Entity("job")); got != "after customer (customer_a, customer_c), branch (branch_b)" {
		t.Error(got)
	}
	if got := file.Reason(file.Entity("branch")); got != "" {
		t.Error(got)
	}
}

func TestCoverage(t *testing.T) {
	file := parse(t, top+`
  a:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields: {x: X, z: {from: [Y, Z], join: " "}}
    ignore: {Fax: old}
  b:
    from: {table: T, key: [K, L]}
    to: {table: t, key: {column: id, new: identity}}
    fields: {w: W}
  c:
    from: {table: U, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields: {x: X}
`)
	columns := func(names ...string) (fields []record.Field) {
		for _, name := range names {
			fields = append(fields, record.Field{Name: name})
		}
		return fields
	}
	source := columns("K", "L", "X", "Y", "Z", "W", "Fax", "V")
	if got := strings.Join(file.Entity("a").Coverage(source), " "); got != "L W V" {
		t.Error(got)
	}
}
