package mapping

import (
	"slices"
	"strconv"
	"strings"

	"landfall/internal/record"
)

// Case is one of the entities that a reference may go to.
type Case struct {
	Value  string // of the column that says which
	Entity string

	fold Fold // that of the entity's key
}

// Lookup finds a row of the target by the values of columns, and takes one of
// its columns.
type Lookup struct {
	Table   string
	Columns []string // hold what the field's From holds, in that order
	Take    string
}

// Refers reports whether the field is a reference to a record.
func (f *Field) Refers() bool { return f.Ref != "" || f.Switch != "" }

// Parents lists the entities that a field may refer to, in the file's order.
func (f *Field) Parents() []string {
	if f.Ref != "" {
		return []string{f.Ref}
	}
	var parents []string
	for _, c := range f.Cases {
		if !slices.Contains(parents, c.Entity) {
			parents = append(parents, c.Entity)
		}
	}
	return parents
}

// keys are the source columns that hold the parent's key.
func (f *Field) keys() []string {
	if f.Switch != "" && len(f.From) > 0 {
		return f.From[:len(f.From)-1]
	}
	return f.From
}

// Alias is a list of source columns of an entity that references find its
// records by.
type Alias struct {
	Name   string // of the index in the books: the columns, and the steps that both sides take
	places []int
	apply  func(string) string
}

// AliasName is the name of the index that a reference looks its parents up in.
func (f *Field) AliasName() string {
	name := plainList(f.By)
	if len(f.Do) > 0 {
		name += " do " + strings.Join(f.Do, ",")
	}
	return name
}

// NewAlias binds the columns that a reference finds its parents by to those of
// the parent's source.
func NewAlias(f *Field, source []record.Field) (*Alias, *Problem) {
	have := names(source)
	alias := &Alias{Name: f.AliasName(), apply: chain(f.Do)}
	for i, name := range f.By {
		place := slices.Index(have, name)
		if place < 0 {
			at := f.at.of("by", i, f.Position)
			return nil, &Problem{Line: at.Line, Column: at.Column, Near: Near(name, have), Message: f.Target + ": the source of " + f.Ref + " has no column " + strconv.Quote(name)}
		}
		alias.places = append(alias.places, place)
	}
	return alias, nil
}

// Text is what a record is found by; ok is false when part of it is blank, and
// then nothing finds the record.
func (a *Alias) Text(values []record.Value) (text string, ok bool) {
	parts := make([]string, len(a.places))
	for i, place := range a.places {
		if place >= len(values) {
			return "", false // a row that broke off
		}
		if parts[i] = stepped(values[place], a.apply).String(); isBlank(parts[i]) {
			return "", false
		}
	}
	return record.JoinKey(parts...), true
}

// keyParts reads the columns of a key through the field's steps, and counts
// those that are blank.
func keyParts(places []int, apply func(string) string, values []record.Value, into []string) (parts []string, blanks int) {
	for _, place := range places {
		part := stepped(values[place], apply).String()
		if isBlank(part) {
			blanks++
		}
		into = append(into, part)
	}
	return into, blanks
}

// pointing gives, as text, what a reference or look-up is after. The column's
// type is that of the key it will hold and says nothing about it.
func pointing(f *Field, column record.Field, places []int) compiledField {
	apply := chain(f.Do)
	together := "the key of one " + f.Ref
	switch {
	case f.Lookup != nil:
		together = "what a row of " + f.Lookup.Table + " is looked up by"
	case f.By != nil:
		together = "what a " + f.Ref + " is found by"
	case f.Switch != "":
		together = "the key of one parent"
	}
	incomplete := &record.Misfit{Code: record.CodeMissingKey, Expected: "all of " + list(f.keys()) + " or none, as together they are " + together}
	unknown := &record.Misfit{Code: record.CodeUnknownCode, Expected: "one of the `cases` of " + f.Switch + " (" + someCodes(f.caseValues()) + ")"}
	keys := places[:len(f.keys())]
	return func(values []record.Value) (record.Value, *record.Misfit) {
		var few [4]string // most keys; more parts need a slice of their own
		parts, blanks := keyParts(keys, apply, values, few[:0])
		switch {
		case blanks == len(keys) && !column.Nullable:
			return record.Value{}, absent
		case blanks == len(keys):
			return record.Null(), nil
		case blanks > 0:
			return record.Value{}, incomplete
		case f.Lookup != nil || f.By != nil:
			return record.Text(record.JoinKey(parts...)), nil
		case f.Switch == "":
			return record.Text(f.fold.Key(record.JoinKey(parts...))), nil
		}
		which := values[places[len(keys)]].String()
		for i := range f.Cases {
			if c := &f.Cases[i]; c.Value == which {
				return record.Text(record.Ref{Entity: c.Entity, Key: c.fold.Key(record.JoinKey(parts...))}.String()), nil
			}
		}
		return record.Value{}, unknown
	}
}

func (f *Field) caseValues() []string {
	values := make([]string, len(f.Cases))
	for i := range f.Cases {
		values[i] = f.Cases[i].Value
	}
	return values
}

// points says what a reference or look-up is after, for Describe and for
// people; empty for other fields.
func (f *Field) points() string {
	switch {
	case f.Lookup != nil:
		return "lookup " + plainText(f.Lookup.Table) + " where " + plainList(f.Lookup.Columns) + " take " + plainText(f.Lookup.Take)
	case f.Switch != "":
		cases := make([]string, len(f.Cases))
		for i, c := range f.Cases {
			cases[i] = plainText(c.Value) + "=" + c.Entity
		}
		slices.Sort(cases)
		return "ref switch " + plainText(f.Switch) + " {" + list(cases) + "}"
	case f.By != nil:
		return "ref " + f.Ref + " by " + plainList(f.By)
	case f.Ref != "":
		return "ref " + f.Ref
	}
	return ""
}
