package mapping

// ask reads {Column: question}.
func (r *reader) ask(e *Entity, n *Node) {
	if n.absent() {
		return
	}
	subject := e.Name + ".ask"
	if n.kind != nodeMap {
		r.refuse(n.at, "", "%s: expected a mapping from source columns to questions, found %s", subject, n.what())
		return
	}
	for _, p := range n.pairs {
		text := r.word(p.value, subject+"."+p.key.text)
		e.Ask = append(e.Ask, Question{Column: p.key.text, Text: text, Position: p.key.at})
	}
}
