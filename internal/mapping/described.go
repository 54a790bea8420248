package mapping

import (
	"slices"
	"strconv"
	"strings"
)

// Described reads out of the lines of Describe what they say of an entity's
// columns: its key, its fields with what they read, and what is private. It is
// nil when they say nothing of the entity. An entity that was read in this way
// tells its Privacy and KnowsSource and KnowsTarget, and nothing else.
func Described(lines []string, name string) *Entity {
	e := &Entity{Name: name}
	found := false
	for _, line := range lines {
		rest, of := strings.CutPrefix(line, name+".")
		if !of {
			continue
		}
		found = true
		subject, rest, _ := strings.Cut(rest, ".")
		switch {
		case subject == "fields":
			target, rest := describedName(rest)
			e.Fields = append(e.Fields, describedField(target, strings.TrimPrefix(rest, ": ")))
		case subject == "private":
			column, _ := describedName(rest)
			e.Private = append(e.Private, PrivateColumn{Column: column})
		case subject == "ignore":
			column, _ := describedName(rest)
			e.Ignore = append(e.Ignore, Ignored{Column: column})
		case subject == "from":
			if key, is := strings.CutPrefix(rest, "key: "); is {
				e.From.Key, _ = describedList(key)
			}
			if each, is := strings.CutPrefix(rest, "each: "); is {
				columns, rest := describedList(each)
				value, _ := describedName(strings.TrimPrefix(rest, " value "))
				e.From.Each = &Each{Columns: columns, Value: value}
			}
		}
	}
	if !found {
		return nil
	}
	return e
}

// describedField reads a field's line. What it cannot tell apart it takes for
// private.
func describedField(target, text string) *Field {
	f := &Field{Target: target}
	if list, is := strings.CutPrefix(text, "from "); is {
		f.From, _ = describedList(list)
	}
	if list, is := strings.CutPrefix(text, "expr "); is {
		if quoted, err := strconv.QuotedPrefix(list); err == nil {
			code, _ := strconv.Unquote(quoted)
			if compiled, fault := newExpression(code); fault == nil {
				f.From = compiled.columns
			}
		}
	}
	for _, behind := range []string{" empty keep", " null keep", " null clear", " on always", " on create"} {
		text = strings.TrimSuffix(text, behind)
	}
	f.Private = strings.HasSuffix(text, " private") && !strings.HasSuffix(text, " renamed from private")
	if f.Private {
		text = strings.TrimSuffix(text, " private")
	}
	if at := strings.LastIndex(text, " renamed from "); at >= 0 {
		f.RenamedFrom, _ = describedName(text[at+len(" renamed from "):])
	}
	return f
}

// describedName reads what plainText wrote, up to what follows it.
func describedName(text string) (name, rest string) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		name, _ = strconv.Unquote(quoted)
		return name, text[len(quoted):]
	}
	end := len(text)
	for _, stop := range []string{": ", ", ", " "} {
		if at := strings.Index(text, stop); at >= 0 {
			end = min(end, at)
		}
	}
	return text[:end], text[end:]
}

// describedList reads what plainList wrote.
func describedList(text string) (names []string, rest string) {
	for {
		name, rest := describedName(text)
		names = append(names, name)
		next, more := strings.CutPrefix(rest, ", ")
		if !more {
			return names, rest
		}
		text = next
	}
}

// KnowsSource reports whether the mapping says something of a source column.
func (e *Entity) KnowsSource(column string) bool {
	each := e.From.Each
	return slices.Contains(e.From.Key, column) || each != nil && (each.Value == column || slices.Contains(each.Columns, column)) ||
		slices.ContainsFunc(e.Ignore, func(i Ignored) bool { return i.Column == column }) ||
		slices.ContainsFunc(e.Private, func(p PrivateColumn) bool { return p.Column == column }) ||
		slices.ContainsFunc(e.Fields, func(f *Field) bool { return slices.Contains(f.From, column) })
}

// KnowsTarget reports whether the mapping says something of a target column,
// also under the name of earlier runs.
func (e *Entity) KnowsTarget(column string) bool {
	return slices.Contains(e.To.KeyColumns, column) ||
		slices.ContainsFunc(e.Fields, func(f *Field) bool { return f.Target == column || f.RenamedFrom == column })
}
