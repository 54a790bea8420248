package mapping

// field judges a field's combination of keys. Only the first thing is said:
// the rest would follow from it.
func (l *linter) field(e *Entity, f *Field) {
	has := func(key string) bool { return len(f.at[key]) > 0 }
	refuse := func(key, format string, args ...any) {
		l.refuse(f.at.of(key, 0, f.Position), "", "%s.%s: "+format, append([]any{e.Name, f.Target}, args...)...)
	}
	if f.Once && f.Null != "" {
		refuse("null", "on: create and null are both given; a field that is written once is not written to rows that are there")
		return
	}
	if has("ref") && f.Null == NullKeep {
		refuse("null", "null: keep and ref are both given; what an empty reference does is not to be chosen")
		return
	}
	if has("const") {
		for _, key := range []string{"from", "expr", "do", "join", "values", "date", "zone", "ref", "by", "lookup", "where", "take", "missing", "check", "empty"} {
			if has(key) {
				refuse(key, "const and %s are both given; a constant is written as it stands", key)
				return
			}
		}
		return
	}
	if has("expr") {
		for _, key := range []string{"from", "do", "join", "ref", "by", "lookup", "where", "take", "missing"} {
			if has(key) {
				refuse(key, "expr and %s are both given; an expression reads its columns itself", key)
				return
			}
		}
		if has("values") && (has("date") || has("zone")) {
			refuse("values", "values and date or zone are both given, expected one")
		}
		return
	}
	if has("lookup") {
		for _, key := range []string{"from", "join", "values", "date", "zone", "ref", "by", "empty"} {
			if has(key) {
				refuse(key, "lookup and %s are both given; `where` says which source columns a row is looked up by", key)
				return
			}
		}
		l.keyRules(f, "lookup", refuse)
		return
	}
	for _, key := range []string{"where", "take"} {
		if has(key) {
			refuse(key, "%s belongs to a field with lookup", key)
			return
		}
	}
	if has("by") && !has("ref") {
		refuse("by", "by belongs to a field with ref")
		return
	}
	if !has("from") {
		if has("ref") {
			refuse("ref", "ref needs from, the source columns that hold the parent's key")
		} else if len(f.at) > 0 {
			refuse("from", "required key from (or const, or expr) is missing")
		}
		return
	}
	if has("ref") {
		for _, key := range []string{"join", "values", "date", "zone", "empty"} {
			if has(key) {
				refuse(key, "ref and %s are both given; a reference is the parent's key and nothing else", key)
				return
			}
		}
		l.keyRules(f, "ref", refuse)
		return
	}
	if has("missing") {
		refuse("missing", "missing belongs to a field with ref or lookup")
		return
	}
	several := len(f.at["from"]) > 1
	switch {
	case has("join") && !several:
		refuse("join", "join needs a list of at least two source columns in from")
	case has("values") && several:
		refuse("values", "values needs exactly one source column in from, found %d", len(f.at["from"]))
	case has("date") && several:
		refuse("date", "date needs exactly one source column in from, found %d", len(f.at["from"]))
	case has("zone") && several:
		refuse("zone", "zone needs exactly one source column in from, found %d", len(f.at["from"]))
	case several && !has("join"):
		refuse("from", "several source columns need join (or ref)")
	case has("values") && (has("date") || has("zone")):
		refuse("values", "values and date or zone are both given, expected one")
	case has("date") && f.Keep:
		refuse("empty", "empty text is no date, so empty: keep cannot hold")
	case f.Keep:
		for i, name := range f.Do {
			if name == nullIfBlank {
				l.refuse(f.at.of("do", i, f.Position), "", "%s.%s: %s and empty: keep contradict each other", e.Name, f.Target, name)
			}
		}
	}
}

// keyRules lets a field whose value is a key be required and nothing else.
func (l *linter) keyRules(f *Field, kind string, refuse func(key, format string, args ...any)) {
	for _, rule := range f.Check {
		if rule.Name != ruleRequired {
			refuse("check", "check: %s does not go with %s, whose value is a key; only required does", rule.Name, kind)
			return
		}
	}
}
