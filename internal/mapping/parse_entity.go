package mapping

var (
	entityKeys  = []string{"from", "to", "fields", "ignore", "ask", "private", "totals", "fingerprint", "log", "stop_after", "indexes", "analyze", "renamed_from", "null", "repeats", "edited", "missing", "on_match"}
	fromKeys    = []string{"table", "query", "file", "key", "fold", "where", "connection", "each", "operation"}
	toKeys      = []string{"table", "key", "match", "collapse", "verify"}
	keyKeys     = []string{"column", "columns", "new", "sequence", "version", "base", "start_row_number", "collisions", "width", "space", "from", "digits", "registry"}
	nullWords   = []string{string(NullKeep), string(NullClear)}
	repeatWords = []string{string(RepeatFail), string(RepeatRefuse), string(RepeatFirst), string(RepeatLast)}
	strategies  = []string{string(KeyIdentity), string(KeySequence), string(KeyUUID), string(KeyNatural), string(KeyOffset), string(KeyInherited)}
)

func (r *reader) entity(key, n *Node) *Entity {
	e := &Entity{Name: key.text, Position: key.at, text: r.doc, at: places{}}
	if !entityName.MatchString(e.Name) {
		r.refuse(key.at, "", "entities: expected a name of small letters, digits and _, starting with a letter, found %q", e.Name)
	}
	if !r.mapping(n, e.Name, entityKeys, laterInEntity, false) {
		return e
	}
	r.require(n, e.Name, "from", "to", "fields")
	if from := n.get("from"); from != nil {
		r.from(e, from)
	}
	if to := n.get("to"); to != nil {
		r.to(e, to)
	}
	r.fields(e, n.get("fields"))
	r.ignore(e, n.get("ignore"))
	r.ask(e, n.get("ask"))
	r.private(e, n.get("private"))
	r.totals(e, n.get("totals"))
	e.at.set("fingerprint", n.get("fingerprint"))
	e.Fingerprint = r.truth(n, "fingerprint", e.Name)
	e.RenamedFrom = r.optional(n, "renamed_from", e.Name)
	e.at.set("renamed_from", n.get("renamed_from"))
	e.LogFull = r.logFull(n, e.Name)
	e.StopAfter = r.stopAfter(n, e.Name)
	r.indexes(e, n)
	policy := func(key string, choices ...string) string {
		value := n.get(key)
		if value == nil {
			return ""
		}
		e.at.set(key, value)
		return r.choice(value, e.Name+": "+key, choices, nil)
	}
	e.Null = NullPolicy(policy("null", nullWords...))
	e.Repeats = RepeatPolicy(policy("repeats", repeatWords...))
	e.Edited = EditedPolicy(policy("edited", string(EditedReject), string(EditedKeep), string(EditedOverwrite)))
	e.Missing = MissingPolicy(policy("missing", string(MissingReject), string(MissingRecreate)))
	e.OnMatch = MatchPolicy(policy("on_match", string(MatchReject), string(MatchLink), string(MatchUpdate)))
	return e
}

func (r *reader) from(e *Entity, n *Node) {
	subject := e.Name + ".from"
	e.From.Position = n.at
	if !r.mapping(n, subject, fromKeys, laterInFrom, true) {
		return
	}
	e.From.Table = r.optional(n, "table", subject)
	e.From.Query = r.optional(n, "query", subject)
	e.From.File = r.optional(n, "file", subject)
	e.From.Where = r.optional(n, "where", subject)
	e.From.Connection = r.optional(n, "connection", subject)
	e.From.Settings = rest(n, subject, fromKeys, laterInFrom)
	for _, key := range fromKeys {
		e.at.set("from."+key, n.get(key))
	}
	if key := n.get("key"); key != nil {
		e.From.Key, _ = r.words(key, subject+": key")
		r.once(e.From.Key, key, subject+": key")
	} else {
		r.missing(n, subject, "key")
	}
	e.From.Fold = r.fold(n.get("fold"), subject)
	r.each(e, n.get("each"), subject)
	r.operation(e, n.get("operation"), subject)
	r.oneSource(n, subject)
}

// oneSource wants exactly one of table, query and file, and no `where` that
// nothing would apply.
func (r *reader) oneSource(n *Node, subject string) {
	var given []string
	for _, key := range fromKeys[:3] {
		if n.get(key) != nil {
			given = append(given, key)
		}
	}
	switch {
	case len(given) == 0:
		r.missing(n, subject, "table", "query", "file")
	case len(given) > 1:
		r.refuse(n.get(given[1]).at, "", "%s: %s and %s are both given, expected one of table, query or file", subject, given[0], given[1])
	case given[0] == "file" && n.get("where") != nil:
		r.refuse(n.get("where").at, "", "%s: where needs a table or query; a file is read as a whole", subject)
	case given[0] == "file" && n.get("connection") != nil:
		r.refuse(n.get("connection").at, "", "%s: a file needs no connection", subject)
	case given[0] == "query" && n.get("where") != nil:
		r.refuse(n.get("where").at, "", "%s: where belongs to a table; write the condition into the query", subject)
	}
	for _, key := range []string{"table", "query", "file", "where"} {
		if value := n.get(key); value != nil && value.kind == nodeScalar && hasReference(value.text) {
			r.refuse(value.at, "", "%s: ${…} is read in connections only", subject)
		}
	}
}

// missing notes that none of the keys is there and looks for one that was
// spelled wrongly, which a connector's settings would else swallow.
func (r *reader) missing(n *Node, subject string, keys ...string) {
	for _, name := range n.Keys() {
		if near := Near(name, keys); near != "" {
			r.refuse(n.pairs[n.index(name)].key.at, near, "%s: %s is missing; unknown key %q", subject, alternatives(keys), name)
			return
		}
	}
	if len(keys) == 1 {
		r.require(n, subject, keys...)
		return
	}
	r.refuse(n.at, "", "%s: one of %s is missing", subject, alternatives(keys))
}

// once refuses a name that a list holds twice.
func (r *reader) once(names []string, n *Node, subject string) {
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] {
			at := n.at
			if i < len(n.items) {
				at = n.items[i].at
			}
			r.refuse(at, "", "%s: %q is listed twice", subject, name)
		}
		seen[name] = true
	}
}

// ignore reads {Column: reason} or a list of columns.
func (r *reader) ignore(e *Entity, n *Node) {
	if n.absent() {
		return
	}
	subject := e.Name + ".ignore"
	if n.kind != nodeMap {
		columns, places := r.words(n, subject)
		r.once(columns, n, subject)
		for i, column := range columns {
			e.Ignore = append(e.Ignore, Ignored{Column: column, Position: places[i]})
		}
		return
	}
	for _, p := range n.pairs {
		reason := ""
		if !p.value.absent() {
			reason, _ = r.scalar(p.value, subject+"."+p.key.text)
		}
		e.Ignore = append(e.Ignore, Ignored{Column: p.key.text, Reason: reason, Position: p.key.at})
	}
}
