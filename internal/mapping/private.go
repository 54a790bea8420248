package mapping

import "slices"

// PrivateColumn is a source column whose values are shown to nobody who does
// not ask for them.
type PrivateColumn struct {
	Column   string
	Position Position
}

// Privacy names the columns of both ends whose values are masked wherever a
// person might see them. What is stored is not touched by it.
type Privacy struct {
	Source map[string]bool
	Target map[string]bool
}

// Privacy follows `private` from either end: a private field makes the columns
// it reads private, and every field that reads a private column is private. Key
// columns stay visible, since records are called by them.
func (e *Entity) Privacy() Privacy {
	p := Privacy{Source: map[string]bool{}, Target: map[string]bool{}}
	for _, private := range e.Private {
		p.Source[private.Column] = true
	}
	for _, f := range e.Fields {
		for _, column := range f.From {
			if f.Private && !slices.Contains(e.From.Key, column) {
				p.Source[column] = true
			}
		}
	}
	if each := e.From.Each; each != nil && (p.Source[each.Value] || slices.ContainsFunc(each.Columns, func(column string) bool { return p.Source[column] })) {
		p.Source[each.Value] = true
		for _, column := range each.Columns {
			p.Source[column] = true
		}
	}
	for _, f := range e.Fields {
		p.Target[f.Target] = f.Private || slices.ContainsFunc(f.From, func(column string) bool { return p.Source[column] })
		if f.RenamedFrom != "" {
			// What earlier runs wrote is stored under the old name.
			p.Target[f.RenamedFrom] = p.Target[f.Target]
		}
	}
	return p
}

// private reads a list of source columns.
func (r *reader) private(e *Entity, n *Node) {
	if n.absent() {
		return
	}
	subject := e.Name + ".private"
	columns, places := r.words(n, subject)
	r.once(columns, n, subject)
	for i, column := range columns {
		e.Private = append(e.Private, PrivateColumn{Column: column, Position: places[i]})
	}
}

// private refuses what could not be kept: keys are in every message.
func (l *linter) private(e *Entity) {
	for _, private := range e.Private {
		if slices.Contains(e.From.Key, private.Column) {
			l.refuse(private.Position, "", "%s.private: %q is the source key, by which every message calls its record", e.Name, private.Column)
		}
	}
	for _, f := range e.Fields {
		if f.Private && slices.Contains(e.To.KeyColumns, f.Target) {
			l.refuse(f.at.of("private", 0, f.Position), "", "%s.%s: private cannot be, as the field is part of the row's key, which messages show", e.Name, f.Target)
		}
	}
}
