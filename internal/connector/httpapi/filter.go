package httpapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// filter is Filter, compiled.
type filter struct {
	text, other template
	and, or     string
	escape      *strings.Replacer
}

func (c *compiling) filter(f *Filter, path []string) *filter {
	if f == nil {
		return nil
	}
	known := []string{"field", "value"}
	compiled := &filter{and: f.And, or: f.Or}
	if compiled.and == "" {
		compiled.and = " and "
	}
	if compiled.or == "" {
		compiled.or = " or "
	}
	if f.Text == "" {
		c.faults.add(under(path, "text"), "", "expected how a comparison with a text is written, such as \"{field} = '{value}'\"")
	}
	compiled.text = parseTemplate(f.Text, under(path, "text"), known, &c.faults)
	compiled.other = compiled.text
	if f.Other != "" {
		compiled.other = parseTemplate(f.Other, under(path, "other"), known, &c.faults)
	}
	var pairs []string
	for _, from := range slices.Sorted(maps.Keys(f.Escape)) {
		pairs = append(pairs, from, f.Escape[from])
	}
	compiled.escape = strings.NewReplacer(pairs...)
	return compiled
}

// write is the filter for any of the tuples.
func (f *filter) write(t *kind, columns []sqldb.Column, tuples [][]record.Value) string {
	alternatives := make([]string, len(tuples))
	for i, tuple := range tuples {
		terms := make([]string, len(columns))
		for k, column := range columns {
			terms[k] = f.term(t.field(column.Name), tuple[k])
		}
		alternatives[i] = strings.Join(terms, f.and)
		if len(terms) > 1 && len(tuples) > 1 {
			alternatives[i] = "(" + alternatives[i] + ")"
		}
	}
	return strings.Join(alternatives, f.or)
}

func (f *filter) term(field *field, value record.Value) string {
	written, form := field.write(value), f.text
	text, is := written.(string)
	switch number := written.(type) {
	case json.Number:
		text, form = string(number), f.other
	case bool:
		text, form = value.String(), f.other
	default:
		if !is {
			text = asText(written, true)
		}
	}
	term, _ := form.render(words{"field": field.Name, "value": f.escape.Replace(text)}, nil)
	return term
}
