package mapping

import (
	"slices"
	"strings"

	"landfall/internal/record"
)

// Each makes a record of each of several columns of a source row.
type Each struct {
	Columns []string
	Value   string // name by which fields read what the column holds
}

// SlotColumn is the name by which fields read which column a record was made of.
const SlotColumn = "slot"

var eachKeys = []string{SlotColumn, "value"}

// Key is the key of the record that is made of a row's i-th column.
func (e *Each) Key(row string, i int) string { return row + "/" + e.Columns[i] }

// RowKey is the key of the row that a record was made of.
func (e *Each) RowKey(key string) string {
	if at := strings.LastIndexByte(key, '/'); at >= 0 && slices.Contains(e.Columns, key[at+1:]) {
		return key[:at]
	}
	return key // of a row that could not be used
}

// Blank reports whether a value holds nothing that a record could be made of.
func Blank(v record.Value) bool {
	return v.IsNull() || v.Kind() == record.KindText && isBlank(v.Raw())
}

// each reads {slot: [columns], value: name}.
func (r *reader) each(e *Entity, n *Node, subject string) {
	if n == nil {
		return
	}
	subject += ".each"
	if !r.mapping(n, subject, eachKeys, nil, false) {
		return
	}
	r.require(n, subject, SlotColumn)
	each := &Each{Value: "value"}
	if slot := n.get(SlotColumn); slot != nil {
		var at []Position
		each.Columns, at = r.words(slot, subject+": slot")
		r.once(each.Columns, slot, subject+": slot")
		for i, name := range each.Columns {
			if strings.Contains(name, "/") {
				r.refuse(at[i], "", "%s: slot: %q holds a /, which divides the row's key from the column in a record's key", subject, name)
			}
		}
		e.at.set("from.each.slot", slot)
	}
	if value := n.get("value"); value != nil {
		each.Value = r.word(value, subject+": value")
		if each.Value == SlotColumn {
			r.refuse(value.at, "", "%s: value: %q is the name of the column that the record is made of", subject, SlotColumn)
		}
	}
	e.From.Each = each
}

// each holds the columns that records are made of against the key.
func (l *linter) each(e *Entity) {
	if e.From.Each == nil {
		return
	}
	for i, name := range e.From.Each.Columns {
		if slices.Contains(e.From.Key, name) {
			l.refuse(e.at.of("from.each.slot", i, e.From.Position), "", "%s.from.each: slot: %q is part of the key", e.Name, name)
		}
	}
}

// made checks the columns that records are made of against the source, whose
// last two columns stand for them.
func (c *compiler) made(source []string) {
	each := c.entity.From.Each
	if each == nil || len(source) < 2 {
		return
	}
	own := source[:len(source)-2]
	for i, name := range each.Columns {
		if !slices.Contains(own, name) {
			c.refuse(c.entity.at.of("from.each.slot", i, c.entity.From.Position), Near(name, own), "%s.from.each: the source has no column %q", c.entity.Name, name)
		}
	}
	for _, name := range []string{SlotColumn, each.Value} {
		if slices.Contains(own, name) {
			c.refuse(c.entity.at.of("from.each.slot", 0, c.entity.From.Position), "", "%s.from.each: the source has a column %q of its own, which `each` uses", c.entity.Name, name)
		}
	}
}
