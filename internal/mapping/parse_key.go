package mapping

import (
	"math"
	"slices"
	"strconv"
)

func (r *reader) targetKey(e *Entity, n *Node) {
	subject := e.Name + ".to.key"
	e.at.set("to.key", n)
	if n.kind != nodeMap {
		r.refuse(n.at, "", "%s: expected {column: …, new: %s}, found %s", subject, alternatives(strategies), n.what())
		return
	}
	if !r.mapping(n, subject, keyKeys, nil, false) {
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
		e.To.NewKey = KeyStrategy(r.choice(strategy, subject+": new", strategies, nil))
	}
	if e.To.NewKey != "" && e.To.NewKey != KeyNatural && len(e.To.KeyColumns) > 1 {
		r.refuse(columns.at, "", "%s: new: %s makes one column, found %d; several columns need new: natural", subject, e.To.NewKey, len(e.To.KeyColumns))
	}
	r.keysOfStrategy(e.To.NewKey, n, subject)
	e.To.Sequence = r.optional(n, "sequence", subject)
	if e.To.NewKey == KeyUUID {
		e.To.UUID = 7
	}
	if version := n.get("version"); version != nil && e.To.NewKey == KeyUUID && r.choice(version, subject+": version", []string{"7", "5"}, nil) == "5" {
		e.To.UUID = 5
	}
	switch e.To.NewKey {
	case KeyOffset:
		e.To.Offset = r.offset(n, subject)
	case KeyInherited:
		e.To.Inherited = r.inherited(n, subject)
	}
	if registry := n.get("registry"); registry != nil {
		e.at.set("to.key.registry", registry)
		e.To.Registry = r.registry(registry, subject+": registry")
	}
}

// strategyOf says to which strategies a key of `to.key` belongs.
var strategyOf = map[string][]KeyStrategy{
	"sequence": {KeySequence}, "version": {KeyUUID},
	"base": {KeyOffset}, "start_row_number": {KeyOffset}, "collisions": {KeyOffset}, "width": {KeyOffset}, "space": {KeyOffset},
	"from": {KeyInherited}, "digits": {KeyInherited},
	"registry": {KeyOffset, KeyInherited},
}

// keysOfStrategy refuses what says nothing to the strategy that is asked for.
func (r *reader) keysOfStrategy(strategy KeyStrategy, n *Node, subject string) {
	if strategy == "" {
		return
	}
	for _, p := range n.pairs {
		of := strategyOf[p.key.text]
		if of != nil && !slices.Contains(of, strategy) {
			names := make([]string, len(of))
			for i := range of {
				names[i] = string(of[i])
			}
			r.refuse(p.value.at, "", "%s: %s belongs to new: %s", subject, p.key.text, alternatives(names))
		}
	}
}

// offset reads how keys are made of row numbers.
func (r *reader) offset(n *Node, subject string) *Offset {
	o := &Offset{Position: n.at, Space: r.optional(n, "space", subject)}
	if o.Space != "" && !entityName.MatchString(o.Space) {
		r.refuse(n.get("space").at, "", "%s: space: expected a name of small letters, digits and _, starting with a letter, found %q", subject, o.Space)
	}
	o.Base = r.whole(n, "base", subject, 0, math.MaxInt64-1)
	o.StartRow = r.whole(n, "start_row_number", subject, 1, math.MaxInt64)
	o.Width = int(r.whole(n, "width", subject, 1, widestKey))
	if collisions := n.get("collisions"); collisions != nil {
		o.Strict = r.choice(collisions, subject+": collisions", []string{"resolve", "strict"}, nil) == "strict"
	}
	return o
}

// widestKey is how many digits a number of 64 bits always has room for.
const widestKey = 18

// inherited reads how keys are made of the parents' keys.
func (r *reader) inherited(n *Node, subject string) *Inherited {
	r.require(n, subject, "from", "digits")
	if from := n.get("from"); from == nil {
		return &Inherited{Digits: int(r.whole(n, "digits", subject, 1, widestKey))}
	}
	return &Inherited{From: r.optional(n, "from", subject), Digits: int(r.whole(n, "digits", subject, 1, widestKey))}
}

var registryKeys = []string{"table", "column", "fields"}

// registry reads the table in which each new key is written down, too.
func (r *reader) registry(n *Node, subject string) *Registry {
	g := &Registry{Position: n.at}
	if !r.mapping(n, subject, registryKeys, nil, false) {
		return g
	}
	r.require(n, subject, "table", "column")
	g.Table, g.Column = r.optional(n, "table", subject), r.optional(n, "column", subject)
	fields := n.get("fields")
	if fields == nil {
		return g
	}
	if fields.kind != nodeMap || len(fields.pairs) == 0 {
		r.refuse(fields.at, "", "%s: fields: expected a mapping from columns to the value that each gets, found %s", subject, fields.what())
		return g
	}
	for _, p := range fields.pairs {
		text, _ := r.scalar(p.value, subject+": fields: "+p.key.text)
		if p.key.text == g.Column {
			r.refuse(p.key.at, "", "%s: fields: %q is the column that holds the key", subject, p.key.text)
		}
		g.Fields = append(g.Fields, RegistryField{Column: p.key.text, Text: text, Position: p.key.at})
	}
	return g
}

// whole reads a whole number within bounds; one that is left out is 0.
func (r *reader) whole(parent *Node, key, subject string, least, most int64) int64 {
	n := parent.get(key)
	if n == nil {
		return 0
	}
	text, ok := r.scalar(n, subject+": "+key)
	if !ok {
		return 0
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < least || number > most {
		r.refuse(n.at, "", "%s: %s: expected a whole number from %d to %d, found %q", subject, key, least, most, text)
		return 0
	}
	return number
}
