package mapping

import "slices"

// inherits holds the field that a key is made of against what it refers to.
func (l *linter) inherits(e *Entity) {
	if e.To.Inherited == nil || e.To.Inherited.From == "" {
		return
	}
	from := e.To.Inherited.From
	at := e.at.of("to.key", 0, e.To.Position)
	place := slices.IndexFunc(e.Fields, func(f *Field) bool { return f.Target == from })
	if place < 0 {
		var targets []string
		for _, f := range e.Fields {
			targets = append(targets, f.Target)
		}
		l.refuse(at, Near(from, targets), "%s.to.key: from: %q is not one of the fields", e.Name, from)
		return
	}
	f := e.Fields[place]
	switch parents := f.Parents(); {
	case len(parents) != 1 || f.Switch != "":
		l.refuse(f.Position, "", "%s.%s: the key is inherited through it, so it must refer (`ref`) to one entity", e.Name, from)
	case f.OnOrphan == OrphanNull:
		l.refuse(f.Position, "", "%s.%s: the key is inherited through it, so it cannot stay empty: missing: null cannot be", e.Name, from)
	default:
		parent := l.file.Entity(parents[0])
		if parent != nil && (parent == e || slices.Contains(l.file.Circle(e), parent)) {
			l.refuse(f.Position, "", "%s.%s: the key is inherited from %s, all of whose records must have landed first, and that one refers back to %s", e.Name, from, parent.Name, e.Name)
		}
	}
}

// spaces wants entities that share row numbers to make keys of them alike, and
// those that share a table to share its row numbers.
func (l *linter) spaces() {
	first, landing := map[string]*Entity{}, map[string]*Entity{}
	for _, e := range l.file.Entities {
		if e.To.Offset == nil {
			continue
		}
		name := e.To.SpaceName(e.To.Table)
		if other := landing[e.To.Table]; other == nil {
			landing[e.To.Table] = e
		} else if other.To.Offset.Space != e.To.Offset.Space {
			l.refuse(e.To.Offset.Position, "", "%s.to.key: %s lands in %s, too, so both must have the same `space`", e.Name, other.Name, e.To.Table)
			continue
		}
		other := first[name]
		if other == nil {
			first[name] = e
			continue
		}
		mine, theirs := *e.To.Offset, *other.To.Offset
		mine.Position, theirs.Position = Position{}, Position{}
		if mine != theirs {
			l.refuse(e.To.Offset.Position, "", "%s.to.key: %s shares its row numbers, so base, start_row_number, collisions and width must be the same in both", e.Name, other.Name)
		}
	}
}
