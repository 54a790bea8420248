package mapping_test

import (
	"strings"
	"testing"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

var ruledColumns = append([]record.Field{
	{Name: "price", Type: record.Type{Kind: record.KindDecimal, Precision: 8, Scale: 2}, Nullable: true},
	{Name: "ratio", Type: record.Type{Kind: record.KindFloat, Bits: 64}, Nullable: true},
	{Name: "hour", Type: record.Type{Kind: record.KindTime}, Nullable: true},
}, targetColumns...)

func ruled(t *testing.T, field string) (*mapping.Program, mapping.Problems) {
	t.Helper()
	file := parse(t, top+`
  e:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields:
      `+field+"\n")
	return mapping.Compile(file.Entity("e"), sourceColumns, ruledColumns)
}

func TestRules(t *testing.T) {
	tests := []struct {
		field      string
		good, evil []string
		wrong      string
	}{
		{
			`must: {from: A, do: lower, check: email}`,
			[]string{"a@b.co", "A.b+c@x-y.example.org", "ü@bücher.de"},
			[]string{"a", "a@b", "@b.co", "a@", "a@b..co", ".a@b.co", "a..b@c.de", "a b@c.de", "a@b@c.de", "a@-b.co", "a,b@c.de", strings.Repeat("x", 65) + "@b.co"},
			"rule in must: expected an e-mail address (check: email)",
		},
		{`text: {from: A, check: {length: {min: 2, max: 4}}}`, []string{"ab", "äöüß", ""}, []string{"a", "abcde"}, "expected 2 to 4 characters (check: length)"},
		{`text: {from: A, check: {length: {max: 3}}}`, []string{"abc", ""}, []string{"abcd"}, "expected at most 3 characters (check: length)"},
		{`number: {from: A, check: {range: {min: 1, max: 10}}}`, []string{"1", "10", ""}, []string{"0", "11", "-5"}, "expected 1 to 10 (check: range)"},
		{`price: {from: A, check: {range: {min: "9.95"}}}`, []string{"9.95", "10"}, []string{"9.94", "-10"}, "expected at least 9.95 (check: range)"},
		{`ratio: {from: A, check: {range: {max: 0.5}}}`, []string{"0.5", "-3"}, []string{"0.51"}, "expected at most 0.5 (check: range)"},
		{`day: {from: A, date: "2006-01-02", check: {range: {min: 1900-01-01}}}`, []string{"1900-01-01", "2020-05-05"}, []string{"1899-12-31"}, "expected at least 1900-01-01 (check: range)"},
		{`hour: {from: A, check: {range: {min: "08:00", max: "17:30"}}}`, []string{"08:00", "17:30"}, []string{"07:59", "17:31"}, "(check: range)"},
		{`text: {from: A, check: {pattern: 'a|\d+'}}`, []string{"a", "12"}, []string{"ab", "x1", "1\n"}, `expected text of the form a|\d+ (check: pattern)`},
		{`text: {from: A, check: {pattern: '\Qa.b'}}`, []string{"a.b"}, []string{"a.bc", "axb", "a.b)$"}, `expected text of the form \Qa.b (check: pattern)`},
		{`text: {from: A, check: {pattern: '(?i)a+$|B'}}`, []string{"aA", "b"}, []string{"ab", "a\n", "b\n"}, `(check: pattern)`},
		{`number: {from: A, check: {one-of: [1, 2]}}`, []string{"1", "002", ""}, []string{"3"}, "expected one of 1, 2 (check: one-of)"},
		{`text: {from: A, do: trim, check: [required, {length: {max: 3}}]}`, []string{"abc"}, []string{"", "  "}, "expected a value (check: required)"},
		{`text: {from: A, empty: keep, check: required}`, []string{"abc"}, []string{"", "  "}, "expected a value (check: required)"},
		{`ref: {ref: e, from: A, check: required}`, []string{"1"}, []string{""}, "expected a value (check: required)"},
	}
	for _, test := range tests {
		program, problems := ruled(t, test.field)
		if problems != nil {
			t.Errorf("%s: %v", test.field, problems)
			continue
		}
		shape := func(text string) *record.Rejection {
			values := []record.Value{record.Text(text), record.Null(), record.Null(), record.Null(), record.Null()}
			return program.Shape(&record.Record{Values: values}, make([]record.Value, 1))
		}
		for _, text := range test.good {
			if rejection := shape(text); rejection != nil {
				t.Errorf("%s: %q: %v", test.field, text, rejection)
			}
		}
		for _, text := range test.evil {
			if rejection := shape(text); rejection == nil || rejection.Code != record.CodeRule || !strings.Contains(rejection.Error(), test.wrong) {
				t.Errorf("%s: %q: %v, want %s", test.field, text, rejection, test.wrong)
			}
		}
	}
	for field, want := range map[string]string{
		`text: {from: A, check: {range: {min: 1}}}`:            `landfall.yaml:12:30: e.text: check: range is for numbers, dates and times, and the column holds text`,
		`number: {from: A, check: {range: {min: x}}}`:          `e.number: check: range: "x" does not fit the column: expected a whole number`,
		`number: {from: A, check: {range: {min: 10, max: 9}}}`: `landfall.yaml:12:55: e.number: check: range: max is less than min: no value would pass`,
		`number: {from: A, check: {one-of: [1, 100000]}}`:      `landfall.yaml:12:45: e.number: check: one-of: "100000" does not fit the column`,
	} {
		if _, problems := ruled(t, field); !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: %v, want %s", field, problems, want)
		}
	}
}
