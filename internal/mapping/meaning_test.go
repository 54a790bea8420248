package mapping_test

import (
	"fmt"
	"testing"
)

// TestEveryKeyIsPartOfTheMeaning: what a run resumes under must be what it was
// started with, so each key of the language changes the hash.
func TestEveryKeyIsPartOfTheMeaning(t *testing.T) {
	meaning := func(from, entity, field string) string {
		return parse(t, fmt.Sprintf(`%s
  e:
    %s
    from: {table: T, key: K%s}
    to: {table: t, key: {column: id, new: identity}}
    fields: {a: {%s}, b: B}
`, top, entity, from, field)).Hash
	}
	seen := map[string]string{}
	for _, say := range []struct{ from, entity, field string }{
		{"", "", "from: A"},
		{"", "", "expr: A"},
		{"", "", "expr: 'A + B'"},
		{"", "", "from: A, on: create"},
		{"", "", "from: A, private: true"},
		{"", "", "from: A, renamed_from: c"},
		{"", "", "from: A, check: email"},
		{"", "", "from: A, check: required"},
		{"", "", "from: A, check: {length: {min: 1}}"},
		{"", "", "from: A, check: {length: {max: 1}}"},
		{"", "", "from: A, check: {range: {max: 1}}"},
		{"", "", "from: A, check: {pattern: a}"},
		{"", "", "from: A, check: {one-of: [a, b]}"},
		{"", "", `from: A, check: {one-of: ["a, b"]}`},
		{"", "ask: {C: why}", "from: A"},
		{"", "private: [C]", "from: A"},
		{"", "log: full", "from: A"},
		{"", "renamed_from: f", "from: A"},
		{", fold: trim", "", "from: A"},
		{", fold: [trim, case]", "", "from: A"},
		{", fold: {pad: 8}", "", "from: A"},
		{", fold: {pad: 9}", "", "from: A"},
	} {
		hash, text := meaning(say.from, say.entity, say.field), fmt.Sprint(say)
		if other, twice := seen[hash]; twice {
			t.Errorf("%s means the same as %s", text, other)
		}
		seen[hash] = text
	}
}
