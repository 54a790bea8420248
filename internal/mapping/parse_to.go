package mapping

func (r *reader) to(e *Entity, n *Node) {
	subject := e.Name + ".to"
	e.To.Position = n.at
	if !r.mapping(n, subject, toKeys, laterInTo, false) {
		return
	}
	r.require(n, subject, "table", "key")
	e.To.Table = r.optional(n, "table", subject)
	if match := n.get("match"); match != nil {
		e.at.set("to.match", match)
		e.To.Match, _ = r.words(match, subject+": match")
		r.once(e.To.Match, match, subject+": match")
	}
	if key := n.get("key"); key != nil {
		r.targetKey(e, key)
	}
	if collapse := n.get("collapse"); collapse != nil {
		e.at.set("to.collapse", collapse)
		e.To.Collapse = r.choice(collapse, subject+": collapse", []string{"true", "false"}, nil) == "true"
	}
}

func (r *reader) targetKey(e *Entity, n *Node) {
	subject := e.Name + ".to.key"
	e.at.set("to.key", n)
	if n.kind != nodeMap {
		r.refuse(n.at, "", "%s: expected {column: …, new: %s}, found %s", subject, alternatives(strategies), n.what())
		return
	}
	if !r.mapping(n, subject, keyKeys, laterInKey, false) {
		return
	}
	r.require(n, subject, "new")
	column, columns := n.get("column"), n.get("columns")
	switch {
	case column != nil && columns != nil:
		r.refuse(columns.at, "", "%s: column and columns are both given, expected one", subject)
	case column == nil && columns == nil:
		r.refuse(n.at, "", "%s: required key column or columns is missing", subject)
	case columns == nil:
		columns = column
	}
	if columns != nil {
		e.To.KeyColumns, _ = r.words(columns, subject)
		r.once(e.To.KeyColumns, columns, subject)
		e.at.set("to.key.columns", columns)
	}
	if strategy := n.get("new"); strategy != nil {
		e.To.NewKey = KeyStrategy(r.choice(strategy, subject+": new", strategies, laterStrategies))
	}
	if e.To.NewKey != "" && e.To.NewKey != KeyNatural && len(e.To.KeyColumns) > 1 {
		r.refuse(columns.at, "", "%s: new: %s makes one column, found %d; several columns need new: natural", subject, e.To.NewKey, len(e.To.KeyColumns))
	}
	e.To.Sequence = r.optional(n, "sequence", subject)
	if e.To.Sequence != "" && e.To.NewKey != KeySequence && e.To.NewKey != "" {
		r.refuse(n.get("sequence").at, "", "%s: sequence belongs to new: sequence", subject)
	}
	if e.To.NewKey == KeyUUID {
		e.To.UUID = 7
	}
	if version := n.get("version"); version != nil {
		if e.To.NewKey != KeyUUID && e.To.NewKey != "" {
			r.refuse(version.at, "", "%s: version belongs to new: uuid", subject)
		} else if r.choice(version, subject+": version", []string{"7", "5"}, nil) == "5" {
			e.To.UUID = 5
		}
	}
}
