package mapping

var fieldKeys = []string{"from", "do", "join", "values", "date", "zone", "ref", "by", "lookup", "where", "take", "missing", "const", "expr", "check", "on", "null", "private", "renamed_from", "empty"}

// When a field is written.
const (
	onCreate = "create" // with a new row, and never again
	onAlways = "always" // with every row that is written, also where its column is hidden
)

var onWords = []string{onCreate, onAlways}

func (r *reader) fields(e *Entity, n *Node) {
	if n == nil {
		return
	}
	if n.kind != nodeMap || len(n.pairs) == 0 {
		r.refuse(n.at, "", "%s.fields: expected a mapping from target fields to source columns, found %s", e.Name, n.what())
		return
	}
	for _, p := range n.pairs {
		f := &Field{Target: p.key.text, Position: p.key.at, at: places{}}
		r.field(e, f, p.value)
		e.Fields = append(e.Fields, f)
	}
}

func (r *reader) field(e *Entity, f *Field, n *Node) {
	subject := e.Name + "." + f.Target
	switch n.kind {
	case nodeNull:
		r.refuse(n.at, "", "%s: expected a source column or a mapping, found nothing; NULL is written {const: null}", subject)
		return
	case nodeScalar:
		f.From, _ = r.words(n, subject)
		f.at.set("from", n)
		return
	case nodeList:
		r.refuse(n.at, "", "%s: expected a source column or a mapping, found a list; several columns are written {from: [A, B], join: \" \"}", subject)
		return
	}
	if !r.mapping(n, subject, fieldKeys, laterInField, false) {
		return
	}
	if len(n.pairs) == 0 {
		r.refuse(n.at, "", "%s: expected from, const or expr, found an empty mapping", subject)
	}
	for _, key := range fieldKeys {
		f.at.set(key, n.get(key))
	}
	if from := n.get("from"); from != nil {
		f.From, _ = r.words(from, subject+": from")
	}
	r.expression(f, n.get("expr"), subject)
	if do := n.get("do"); do != nil {
		steps, at := r.words(do, subject+": do")
		for i, name := range steps {
			if findStep(name) == nil {
				r.refuse(at[i], Near(name, stepNames()), "%s: unknown step %q, expected %s", subject, name, alternatives(stepNames()))
				continue
			}
			f.Do = append(f.Do, name)
		}
	}
	r.constant(f, n.get("const"), subject)
	if join := n.get("join"); join != nil {
		if text, ok := r.scalar(join, subject+": join"); ok {
			f.Join = &text
		}
	}
	r.values(f, n.get("values"), subject)
	if date := n.get("date"); date != nil {
		layouts, at := r.words(date, subject+": date")
		for i, layout := range layouts {
			if reason, near := judgeLayout(layout); reason != "" {
				r.refuse(at[i], near, "%s: %q %s", subject, layout, reason)
			}
		}
		f.Date = layouts
	}
	f.Zone = r.optional(n, "zone", subject)
	if f.Zone != "" {
		if _, err := loadZone(f.Zone); err != nil {
			r.refuse(n.get("zone").at, "", "%s: unknown zone %q, expected a name like Europe/Berlin or UTC", subject, f.Zone)
		}
	}
	r.ref(f, n, subject)
	r.lookup(f, n, subject)
	r.rules(f, n.get("check"), subject)
	if on := n.get("on"); on != nil {
		word := r.choice(on, subject+": on", onWords, nil)
		f.Once, f.Always = word == onCreate, word == onAlways
	}
	if null := n.get("null"); null != nil {
		f.Null = NullPolicy(r.choice(null, subject+": null", nullWords, nil))
	}
	f.RenamedFrom = r.optional(n, "renamed_from", subject)
	if private := n.get("private"); private != nil {
		f.Private = r.choice(private, subject+": private", []string{"true", "false"}, nil) == "true"
	}
	if empty := n.get("empty"); empty != nil {
		f.Keep = r.choice(empty, subject+": empty", []string{"keep"}, nil) == "keep"
	}
}

func (r *reader) constant(f *Field, n *Node, subject string) {
	if n == nil {
		return
	}
	f.HasConst = true
	if n.kind == nodeNull {
		return
	}
	if text, ok := r.scalar(n, subject+": const"); ok {
		f.Const = &text
	}
}

// values reads {source: target}, or the name of a file; a target of null
// writes NULL.
func (r *reader) values(f *Field, n *Node, subject string) {
	if n == nil {
		return
	}
	switch {
	case n.kind == nodeScalar:
		r.codesFrom(f, n, subject)
		return
	case n.kind != nodeMap || len(n.pairs) == 0:
		r.refuse(n.at, "", "%s: values: expected a mapping from source to target values or the name of a CSV file, found %s", subject, n.what())
		return
	}
	f.Values = make(map[string]string, len(n.pairs))
	for _, p := range n.pairs {
		source := p.key.text
		f.at.set("values."+source, p.value)
		if p.value.kind == nodeNull {
			if f.Nulls == nil {
				f.Nulls = map[string]bool{}
			}
			f.Nulls[source] = true
			continue
		}
		if text, ok := r.scalar(p.value, subject+": values"); ok {
			f.Values[source] = text
		}
	}
}
