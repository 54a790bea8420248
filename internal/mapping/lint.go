package mapping

import "slices"

// linter judges what only the whole file can tell: names that other parts
// give, and combinations that make no sense.
type linter struct {
	*reader
	file *File
	root *Node
}

func (l *linter) all() {
	l.connectionName(l.root.get("source"), "source", l.file.Source)
	l.connectionName(l.root.get("target"), "target", l.file.Target)
	names := l.file.EntityNames()
	for _, e := range l.file.Entities {
		l.source(e)
		l.key(e)
		l.each(e)
		l.inherits(e)
		for _, f := range e.Fields {
			l.field(e, f)
			l.ref(e, f, names)
		}
		if e.OnMatch != "" && len(e.To.Match) == 0 {
			l.refuse(e.at.of("on_match", 0, e.Position), "", "%s: on_match needs to.match, the fields by which a row is recognised", e.Name)
		}
		l.ignored(e)
		l.private(e)
		l.totals(e)
		l.renamed(e)
	}
	l.spaces()
}

func (l *linter) connectionName(n *Node, subject, name string) {
	if n == nil || name == "" || l.file.Connection(name) != nil {
		return
	}
	near := Near(name, l.file.ConnectionNames())
	l.refuse(n.at, near, "%s: no connection is named %q", subject, name)
}

func (l *linter) source(e *Entity) {
	if e.From.Table == "" && e.From.Query == "" {
		return
	}
	at := e.at.of("from.connection", 0, e.From.Position)
	switch {
	case e.From.Connection != "" && l.file.Connection(e.From.Connection) == nil:
		near := Near(e.From.Connection, l.file.ConnectionNames())
		l.refuse(at, near, "%s.from: no connection is named %q", e.Name, e.From.Connection)
	case e.From.Connection == "" && l.root.get("source") == nil:
		l.refuse(at, "", "%s.from: a table or query needs a connection: give `source` at the top or `connection` here", e.Name)
	default:
		name := e.From.Connection
		if name == "" {
			name = l.file.Source
		}
		if conn := l.file.Connection(name); conn != nil && conn.IsAPI() {
			l.refuse(at, "", "%s.from: %s is an API, and records are read from databases and files only", e.Name, name)
		}
	}
}

// key holds the target key and the match against the fields.
func (l *linter) key(e *Entity) {
	var targets []string
	for _, f := range e.Fields {
		targets = append(targets, f.Target)
	}
	for i, column := range e.To.KeyColumns {
		filled := slices.Contains(targets, column)
		at := e.at.of("to.key.columns", i, e.To.Position)
		switch {
		case filled && e.Fields[slices.Index(targets, column)].Once:
			l.refuse(e.Fields[slices.Index(targets, column)].at.of("on", 0, at), "", "%s.%s: on: create cannot be, as the field is part of the row's key", e.Name, column)
		case e.To.NewKey == KeyNatural && !filled:
			l.refuse(at, Near(column, targets), "%s.to.key: a natural key is made of fields, and %q is none", e.Name, column)
		case e.To.NewKey != KeyNatural && e.To.NewKey != "" && filled:
			f := e.Fields[slices.Index(targets, column)]
			l.refuse(f.Position, "", "%s.%s: the key is made by new: %s and may not be a field", e.Name, column, e.To.NewKey)
		}
	}
	switch at := e.at.of("to.collapse", 0, e.To.Position); {
	case e.To.Collapse && e.To.NewKey != KeyNatural && e.To.NewKey != "":
		l.refuse(at, "", "%s.to: collapse belongs to new: natural, where the fields say which records are one row", e.Name)
	case e.To.Collapse && len(e.To.Match) > 0:
		l.refuse(at, "", "%s.to: collapse and match are both given; that is not supported yet", e.Name)
	}
	for i, column := range e.To.Match {
		if !slices.Contains(targets, column) {
			l.refuse(e.at.of("to.match", i, e.To.Position), Near(column, targets), "%s.to.match: %q is not one of the fields", e.Name, column)
		}
	}
}

func (l *linter) ignored(e *Entity) {
	for _, ignored := range e.Ignore {
		if asked := slices.IndexFunc(e.Ask, func(q Question) bool { return q.Column == ignored.Column }); asked >= 0 {
			l.refuse(e.Ask[asked].Position, "", "%s.ask: %q is ignored, so the question is answered", e.Name, ignored.Column)
		}
		for _, f := range e.Fields {
			if slices.Contains(f.From, ignored.Column) {
				l.refuse(ignored.Position, "", "%s.ignore: %q is used by the field %s", e.Name, ignored.Column, f.Target)
				break
			}
		}
	}
}
