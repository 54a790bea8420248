package httpapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"landfall/internal/record"
)

// kinds are the types that fields may have, and the kind of their values.
var kinds = map[string]record.Kind{
	"": record.KindText, "text": record.KindText, "uuid": record.KindText, "integer": record.KindInt, "decimal": record.KindDecimal,
	"number": record.KindFloat, "boolean": record.KindBool, "date": record.KindDate, "time": record.KindTime,
	"timestamp": record.KindTimestamp, "instant": record.KindTimestampTZ, "json": record.KindJSON,
}

// typeNames lists the types, sorted.
func typeNames() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(kinds)), func(name string) bool { return name == "" })
}

// columnType is what the field declares about its values.
func (f Field) columnType() record.Type {
	t := record.Type{Kind: kinds[f.Type], Native: f.Type, Length: f.Length, Precision: f.Precision, Scale: f.Scale, Fraction: f.Fraction, Enum: f.Enum, UUID: f.Type == "uuid", FoldCase: f.FoldCase, List: f.List, Sparse: f.Sparse, Without: f.Without}
	if t.Native == "" {
		t.Native = "text"
	}
	switch t.Kind {
	case record.KindInt:
		if t.Bits = f.Bits; t.Bits == 0 {
			t.Bits = 64
		}
	case record.KindFloat:
		t.Bits = 64
	case record.KindText:
		t.FoldCase = t.FoldCase && !t.UUID
	}
	return t
}

// field is a Field, compiled.
type field struct {
	Field
	path  []string // members from the record down; a number is a place in a list
	group string   // the list that a part of it belongs to, which is always written whole; else empty
	typ   record.Type
	spell func(string) string // may be nil
}

func compileField(f Field) *field {
	c := &field{Field: f, path: strings.Split(f.Name, "."), typ: f.columnType()}
	for i, member := range c.path {
		if i > 0 && isPlace(member) {
			c.group = strings.Join(c.path[:i], ".")
			break
		}
	}
	return c
}

// nothing is what the API gives back of a field into which NULL was written.
func (f *field) nothing() record.Value {
	if f.List {
		return record.JSON("[]")
	}
	return record.Null()
}

func isPlace(member string) bool {
	return member != "" && len(member) < 4 && strings.Trim(member, "0123456789") == ""
}

// layouts are how times are written unless the field says otherwise; instants
// and timestamps are read in the others, too.
var layouts = map[record.Kind]string{
	record.KindDate: "2006-01-02", record.KindTime: "15:04:05.999999999",
	record.KindTimestamp: "2006-01-02T15:04:05.999999999", record.KindTimestampTZ: "2006-01-02T15:04:05.999999999Z07:00",
}

var readLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02",
}

// write is the value as JSON.
func (f *field) write(v record.Value) any {
	switch v.Kind() {
	case record.KindNull:
		return nil
	case record.KindBool:
		if f.AsText {
			return v.String()
		}
		return v.Bool()
	case record.KindInt, record.KindFloat, record.KindDecimal:
		if f.AsText {
			return v.String()
		}
		return json.Number(v.String())
	case record.KindJSON:
		return json.RawMessage(v.Raw())
	case record.KindDate, record.KindTimestamp, record.KindTimestampTZ:
		return v.Time().Format(f.layout(v.Kind()))
	case record.KindTime:
		return time.Unix(0, 0).UTC().Add(v.SinceMidnight()).Format(f.layout(v.Kind()))
	}
	return v.String()
}

func (f *field) layout(kind record.Kind) string {
	if f.Layout != "" {
		return f.Layout
	}
	return layouts[kind]
}

// read is what an answer holds, in the form that the type's Fit gives. What does
// not fit the declared type is returned as text: it is nothing that we wrote.
func (f *field) read(value any) record.Value {
	var v record.Value
	switch value := value.(type) {
	case nil:
		return record.Null()
	case bool:
		v = record.Bool(value)
	case int:
		v = record.Int(int64(value))
	case json.Number:
		v = record.Decimal(string(value))
	case string:
		v = f.readText(f.spelled(value))
	default:
		v = record.JSON(string(marshal(f.respelled(value))))
	}
	if f.typ.Kind == record.KindJSON && v.Kind() == record.KindText {
		v = record.JSON(string(marshal(v.Raw())))
	}
	if fit, misfit := f.typ.Fit(v); misfit == nil {
		return fit
	}
	return record.Text(asText(value, false))
}

// readText reads times in the field's layout, and in the usual ones.
func (f *field) readText(text string) record.Value {
	switch f.typ.Kind {
	case record.KindText, record.KindJSON:
		return record.Text(text)
	case record.KindDate, record.KindTimestamp, record.KindTimestampTZ:
		if text == "" {
			return record.Null()
		}
		for _, layout := range append([]string{f.layout(f.typ.Kind)}, readLayouts...) {
			if at, err := time.Parse(layout, text); err == nil {
				return f.moment(at)
			}
		}
	case record.KindTime:
		if at, err := time.Parse(f.layout(record.KindTime), text); err == nil {
			return record.TimeOfDay(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second + time.Duration(at.Nanosecond()))
		}
	default:
		if text == "" {
			return record.Null()
		}
	}
	return record.Text(text)
}

func (f *field) moment(at time.Time) record.Value {
	switch f.typ.Kind {
	case record.KindDate:
		if at = at.UTC(); at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
			return record.Date(at.Year(), at.Month(), at.Day())
		}
		return record.Timestamp(at)
	case record.KindTimestamp:
		return record.Timestamp(at.UTC())
	}
	return record.TimestampTZ(at)
}

// spelled is a text of the API in the form in which it was written.
func (f *field) spelled(text string) string {
	if f.spell == nil {
		return text
	}
	return f.spell(text)
}

// respelled is a tree of the API with its texts in the form in which they were
// written.
func (f *field) respelled(tree any) any {
	if f.spell == nil {
		return tree
	}
	switch tree := tree.(type) {
	case map[string]any:
		again := make(map[string]any, len(tree))
		for name, member := range tree {
			again[name] = f.respelled(member)
		}
		return again
	case []any:
		again := make([]any, len(tree))
		for i, item := range tree {
			again[i] = f.respelled(item)
		}
		return again
	case string:
		return f.spelled(tree)
	}
	return tree
}
