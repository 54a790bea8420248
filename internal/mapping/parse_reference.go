package mapping

import "slices"

var refKeys = []string{"switch", "cases"}

func (r *reader) ref(f *Field, n *Node, subject string) {
	if ref := n.get("ref"); ref != nil {
		f.OnOrphan = OrphanReject
		if ref.kind == nodeMap {
			r.choosing(f, ref, subject+": ref")
		} else {
			f.Ref = r.word(ref, subject+": ref")
		}
	}
	if by := n.get("by"); by != nil {
		f.By, _ = r.words(by, subject+": by")
		r.once(f.By, by, subject+": by")
	}
	if missing := n.get("missing"); missing != nil {
		if missing.kind == nodeNull && missing.text == string(OrphanNull) {
			missing = &Node{kind: nodeScalar, at: missing.at, text: missing.text}
		}
		f.OnOrphan = OrphanPolicy(r.choice(missing, subject+": missing", []string{string(OrphanReject), string(OrphanNull)}, nil))
	}
}

// choosing reads {switch: column, cases: {value: entity}}. The column that
// chooses is read behind those that hold the key.
func (r *reader) choosing(f *Field, n *Node, subject string) {
	if !r.mapping(n, subject, refKeys, nil, false) {
		return
	}
	r.require(n, subject, "switch", "cases")
	f.Switch = r.optional(n, "switch", subject)
	if f.Switch != "" {
		f.From = append(slices.Clone(f.From), f.Switch)
		f.at["from"] = append(slices.Clone(f.at["from"]), n.get("switch").at)
		f.at.set("switch", n.get("switch"))
	}
	cases := n.get("cases")
	if cases == nil {
		return
	}
	if cases.kind != nodeMap || len(cases.pairs) == 0 {
		r.refuse(cases.at, "", "%s.cases: expected a mapping from what the column says to entities, found %s", subject, cases.what())
		return
	}
	for _, p := range cases.pairs {
		f.at.set("cases."+p.key.text, p.value)
		f.Cases = append(f.Cases, Case{Value: p.key.text, Entity: r.word(p.value, subject+".cases")})
	}
}

// lookup reads lookup, where and take; the source columns of where are the
// field's own.
func (r *reader) lookup(f *Field, n *Node, subject string) {
	table, where := n.get("lookup"), n.get("where")
	if table == nil {
		return
	}
	if f.OnOrphan == "" {
		f.OnOrphan = OrphanReject
	}
	f.Lookup = &Lookup{Table: r.word(table, subject+": lookup")}
	r.require(n, subject, "where", "take")
	f.Lookup.Take = r.optional(n, "take", subject)
	if where == nil {
		return
	}
	if where.kind != nodeMap || len(where.pairs) == 0 {
		r.refuse(where.at, "", "%s: where: expected a mapping from columns of %s to source columns, found %s", subject, f.Lookup.Table, where.what())
		return
	}
	f.at["where.columns"], f.at["where.from"] = nil, nil
	for _, p := range where.pairs {
		f.Lookup.Columns = append(f.Lookup.Columns, p.key.text)
		f.From = append(f.From, r.word(p.value, subject+": where."+p.key.text))
		f.at["where.columns"] = append(f.at["where.columns"], p.key.at)
		f.at["where.from"] = append(f.at["where.from"], p.value.at)
	}
}

// LookupPosition is where the i-th column of a look-up's `where` stands, or with
// i below 0 its table.
func (f *Field) LookupPosition(i int) Position {
	if i < 0 {
		return f.at.of("lookup", 0, f.Position)
	}
	return f.at.of("where.columns", i, f.Position)
}

// TakePosition is where the column that a look-up takes stands.
func (f *Field) TakePosition() Position { return f.at.of("take", 0, f.Position) }
