package mapping

import "slices"

// RenamedColumn is the target column that a field was renamed to; empty when no
// field says that it bore the old name.
func (e *Entity) RenamedColumn(old string) string {
	for _, f := range e.Fields {
		if f.RenamedFrom == old {
			return f.Target
		}
	}
	return ""
}

// renamed refuses old names that are still in use: one name cannot mean two
// things, also where two things swap theirs.
func (l *linter) renamed(e *Entity) {
	if e.RenamedFrom != "" {
		at := e.at.of("renamed_from", 0, e.Position)
		other := slices.IndexFunc(l.file.Entities, func(o *Entity) bool { return o != e && o.RenamedFrom == e.RenamedFrom })
		switch {
		case !entityName.MatchString(e.RenamedFrom):
			l.refuse(at, "", "%s: renamed_from: expected a name of small letters, digits and _, starting with a letter, found %q", e.Name, e.RenamedFrom)
		case l.file.Entity(e.RenamedFrom) != nil:
			l.refuse(at, "", "%s: renamed_from: %q is still the name of an entity", e.Name, e.RenamedFrom)
		case other >= 0:
			l.refuse(at, "", "%s: renamed_from: %s is renamed from %q, too", e.Name, l.file.Entities[other].Name, e.RenamedFrom)
		}
	}
	for _, f := range e.Fields {
		if f.RenamedFrom == "" {
			continue
		}
		at := f.at.of("renamed_from", 0, f.Position)
		for _, o := range e.Fields {
			switch {
			case o.Target == f.RenamedFrom:
				l.refuse(at, "", "%s.%s: renamed_from: %q is still the name of a field", e.Name, f.Target, f.RenamedFrom)
			case o != f && o.RenamedFrom == f.RenamedFrom:
				l.refuse(at, "", "%s.%s: renamed_from: %s is renamed from %q, too", e.Name, f.Target, o.Target, f.RenamedFrom)
			}
		}
	}
}
