package mapping

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"landfall/internal/record"
)

var absent = &record.Misfit{Code: record.CodeNotNull, Expected: "a value, as the column is NOT NULL"}

// plain is a straight copy, the one that most fields are.
func plain(place int, column record.Field, keep bool) compiledField {
	kind := column.Type
	return func(values []record.Value) (record.Value, *record.Misfit) {
		v := values[place]
		if !keep && v.IsEmptyText() {
			v = record.Null()
		}
		if v.IsNull() {
			if !column.Nullable {
				return v, absent
			}
			return v, nil
		}
		return kind.Fit(v)
	}
}

// finish fits what a field reads to what the target declares.
func finish(read compiledField, kind record.Type, nullable bool) compiledField {
	return func(values []record.Value) (record.Value, *record.Misfit) {
		v, misfit := read(values)
		if misfit == nil && !v.IsNull() {
			v, misfit = kind.Fit(v)
		}
		if misfit != nil {
			return record.Value{}, misfit
		}
		if v.IsNull() && !nullable {
			return v, absent
		}
		return v, nil
	}
}

// reading takes a field's source values through its steps and joins them.
// Empty text becomes NULL here, unless the field keeps it.
func (c *compiler) reading(f *Field, places []int) compiledField {
	if f.expression != nil {
		return evaluated(f, places)
	}
	apply := chain(f.Do)
	keep := f.Keep || f.lists("")
	if f.Join != nil && len(places) > 1 {
		return joined(places, apply, *f.Join, keep)
	}
	place := places[0]
	return func(values []record.Value) (record.Value, *record.Misfit) {
		v := stepped(values[place], apply)
		if !keep && v.IsEmptyText() {
			v = record.Null()
		}
		return v, nil
	}
}

// stepped applies steps to the text of a value; NULL has none.
func stepped(v record.Value, apply func(string) string) record.Value {
	if apply == nil || v.IsNull() {
		return v
	}
	return record.Text(apply(v.String()))
}

// joined skips blanks. When all parts are blank the whole is NULL, unless the
// field keeps empty text and one part is text.
func joined(places []int, apply func(string) string, separator string, keep bool) compiledField {
	return func(values []record.Value) (record.Value, *record.Misfit) {
		var b strings.Builder
		written, text := false, false
		for _, place := range places {
			v := stepped(values[place], apply)
			text = text || !v.IsNull()
			part := v.String()
			if isBlank(part) {
				continue
			}
			if written {
				b.WriteString(separator)
			}
			b.WriteString(part)
			written = true
		}
		if !written && (!keep || !text) {
			return record.Null(), nil
		}
		return record.Text(b.String()), nil
	}
}

// lists says that `values` names the source text.
func (f *Field) lists(text string) bool {
	_, listed := f.Values[text]
	return listed || f.Nulls[text]
}

// codes looks a value's text up. The target values are fitted here, so that
// one that cannot fit is told before any record is.
func (c *compiler) codes(f *Field, column record.Field, read compiledField) compiledField {
	fitted := make(map[string]record.Value, len(f.Values)+len(f.Nulls))
	sources := make([]string, 0, len(f.Values)+len(f.Nulls))
	for source := range f.Nulls {
		fitted[source] = record.Null()
		sources = append(sources, source)
	}
	for source := range f.Values {
		sources = append(sources, source)
	}
	slices.Sort(sources)
	if f.codes != nil {
		defer c.stand(f.codes)()
	}
	for _, source := range sources {
		at := f.at.of("values."+source, 0, f.Position)
		if f.Nulls[source] {
			if !column.Nullable {
				c.refuse(at, "", "%s.%s: values: NULL for %q does not fit the column, which is NOT NULL", c.entity.Name, f.Target, source)
			}
			continue
		}
		v, misfit := column.Type.Fit(record.Text(f.Values[source]))
		if misfit != nil {
			c.refuse(at, "", "%s.%s: values: the value for %q does not fit the column: %s", c.entity.Name, f.Target, source, misfit)
		}
		fitted[source] = v
	}
	unknown := &record.Misfit{Code: record.CodeUnknownCode, Expected: "a code that `values` lists (" + someCodes(sources) + ")"}
	return func(values []record.Value) (record.Value, *record.Misfit) {
		v, misfit := read(values)
		if misfit != nil || v.IsNull() {
			return v, misfit
		}
		found, ok := fitted[v.String()]
		if !ok {
			return v, unknown
		}
		return found, nil
	}
}

func someCodes(codes []string) string {
	const shown = 8
	words := make([]string, min(len(codes), shown))
	for i := range words {
		// Nothing between two commas would read as a slip.
		if words[i] = codes[i]; strings.TrimSpace(words[i]) == "" {
			words[i] = strconv.Quote(words[i])
		}
	}
	if len(codes) > shown {
		return list(words) + ", …"
	}
	return list(words)
}

// dated reads text as a date; what the source already gives as one passes.
func dated(read compiledField, l *layouts) compiledField {
	unreadable := &record.Misfit{Code: record.CodeBadDate, Expected: l.expected}
	return func(values []record.Value) (record.Value, *record.Misfit) {
		v, misfit := read(values)
		if misfit != nil {
			return v, misfit
		}
		switch v.Kind() {
		case record.KindNull, record.KindDate, record.KindTimestamp, record.KindTimestampTZ:
			return v, nil
		}
		t, zoned, ok := l.parse(v.String())
		switch {
		case !ok:
			return v, unreadable
		case zoned:
			return record.TimestampTZ(t), nil
		case l.clock:
			return record.Timestamp(t), nil
		}
		return record.Date(t.Date()), nil
	}
}

func (c *compiler) zoned(f *Field, column record.Field, read compiledField) compiledField {
	zone, err := loadZone(f.Zone)
	if err != nil {
		c.refuse(f.at.of("zone", 0, f.Position), "", "%s.%s: unknown zone %q", c.entity.Name, f.Target, f.Zone)
		zone = time.UTC
	}
	switch column.Type.Kind {
	case record.KindNull, record.KindText, record.KindDate, record.KindTimestamp, record.KindTimestampTZ:
	default:
		c.refuse(f.at.of("zone", 0, f.Position), "", "%s.%s: zone is for dates and times, and the column holds %s", c.entity.Name, f.Target, column.Type.Kind)
	}
	place := settle(zone, column.Type.Kind)
	return func(values []record.Value) (record.Value, *record.Misfit) {
		v, misfit := read(values)
		if misfit != nil || v.IsNull() {
			return v, misfit
		}
		return place(v)
	}
}
