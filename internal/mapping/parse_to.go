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
	if verify := n.get("verify"); verify != nil {
		e.at.set("to.verify", verify)
		e.To.Verify = r.choice(verify, subject+": verify", []string{"true", "false"}, nil) == "true"
	}
}
