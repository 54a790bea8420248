package mapping

import (
	"strconv"
	"strings"

	"landfall/internal/record"
)

// FieldTrace is what one field made of a record, for showing to a person: it
// holds the record's values.
type FieldTrace struct {
	Target    string
	From      []string // source columns
	Input     []string // their texts; NULL prints as NULL and empty text as ""
	Steps     string   // what happens between input and output, in words: "trim, lower"
	Output    string   // printed like Input; empty when rejected
	Ref       string   // entity that Output is a source key of; empty when it is no reference
	Rejection *record.Rejection
	Private   bool // Input and Output are for nobody who does not ask for them
}

// Explain shapes a record field by field and tells what came from where, with
// the functions that Shape uses; a rejected field does not end it. sourceNames
// are the names of the record's values; when nil the mapping's names are told.
func (p *Program) Explain(rec *record.Record, sourceNames []string) []FieldTrace {
	byTarget := make(map[string]*Field, len(p.Entity.Fields))
	for _, f := range p.Entity.Fields {
		byTarget[f.Target] = f
	}
	private := p.Entity.Privacy().Target
	traces := make([]FieldTrace, len(p.fields))
	for i, field := range p.fields {
		f := byTarget[p.Columns[i]]
		trace := FieldTrace{Target: f.Target, From: f.From, Steps: f.words(), Ref: f.Ref, Private: private[f.Target]}
		if sourceNames != nil {
			trace.From = make([]string, len(p.inputs[i]))
		}
		for j, place := range p.inputs[i] {
			if sourceNames != nil {
				trace.From[j] = sourceNames[place]
			}
			trace.Input = append(trace.Input, show(rec.Values[place]))
		}
		v, misfit := field(rec.Values)
		if misfit != nil {
			trace.Rejection = p.reject(rec, i, misfit)
		} else {
			trace.Output = show(v)
		}
		traces[i] = trace
	}
	return traces
}

func show(v record.Value) string {
	switch {
	case v.IsNull():
		return "NULL"
	case v.IsEmptyText():
		return `""`
	}
	return v.String()
}

// words tells what a field does to its columns, in the order in which it is
// done; empty for a straight copy.
func (f *Field) words() string {
	var words []string
	if f.Expr != "" {
		words = append(words, "expr "+f.Expr)
	}
	words = append(words, f.Do...)
	if f.HasConst {
		words = append(words, "const")
	}
	if f.Join != nil {
		words = append(words, "join "+strconv.Quote(*f.Join))
	}
	if f.Values != nil || f.Nulls != nil {
		words = append(words, strings.TrimSpace("values "+f.CodeFile))
	}
	if f.Date != nil {
		words = append(words, "date "+strings.Join(f.Date, " or "))
	}
	if f.Zone != "" {
		words = append(words, "zone "+f.Zone)
	}
	if points := f.points(); points != "" {
		words = append(words, points)
	}
	if f.Check != nil {
		words = append(words, "check "+describeRules(f.Check))
	}
	if f.Once {
		words = append(words, "on create")
	}
	if f.Always {
		words = append(words, "on always")
	}
	if f.Null != "" {
		words = append(words, "null "+string(f.Null))
	}
	if f.Keep {
		words = append(words, "keep empty")
	}
	return strings.Join(words, ", ")
}
