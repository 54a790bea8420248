package mapping

// ref wants the parents to exist, and as many columns as their keys have.
func (l *linter) ref(e *Entity, f *Field, entities []string) {
	if !f.Refers() {
		return
	}
	refuse := func(key, near, format string, args ...any) {
		l.refuse(f.at.of(key, 0, f.Position), near, "%s.%s: "+format, append([]any{e.Name, f.Target}, args...)...)
	}
	parent := func(key, name string) *Entity {
		found := l.file.Entity(name)
		if found == nil && name != "" {
			refuse(key, Near(name, entities), "no entity is named %q", name)
		}
		return found
	}
	columns := func(found *Entity) {
		if want, have := len(found.From.Key), len(f.keys()); want > 0 && have > 0 && want != have {
			refuse("from", "", "the source key of %s is %s, so from needs as many columns in that order, found %d", found.Name, list(found.From.Key), have)
		}
	}
	if f.Switch != "" && f.By != nil {
		refuse("by", "", "by does not go with switch: records are found by their keys")
		return
	}
	if f.Switch != "" && len(f.keys()) == 0 {
		refuse("ref", "", "ref needs from, the source columns that hold the parent's key")
		return
	}
	for i := range f.Cases {
		if found := parent("cases."+f.Cases[i].Value, f.Cases[i].Entity); found != nil {
			f.Cases[i].fold = found.From.Fold
			columns(found)
		}
	}
	if f.Ref == "" {
		return
	}
	found := parent("ref", f.Ref)
	if found == nil {
		return
	}
	f.fold = found.From.Fold
	switch {
	case f.By == nil:
		columns(found)
	case len(f.By) != len(f.From):
		refuse("from", "", "%s is found by %s, so from needs as many columns in that order, found %d", f.Ref, list(f.By), len(f.From))
	}
	if f.By != nil && found == e {
		refuse("by", "", "a reference to the own entity is by its key; by is not supported yet there")
	}
}
