package mapping

import (
	"slices"
	"strings"

	"landfall/internal/record"
)

// Operation is the column by which an input marks records as new, as changes or
// as something else, such as records to delete. What is marked as something else
// no run can do.
type Operation struct {
	Column   string
	Insert   []string // what it says of new records
	Change   []string // and of such as change; may be empty
	Position Position
}

var operationKeys = []string{"column", "insert", "change"}

// Marks says what a value of the column marks a record as. Space around it does
// not count.
func (o *Operation) Marks(value record.Value) (insert, change bool) {
	text := ""
	if !value.IsNull() {
		text = strings.TrimSpace(value.String())
	}
	return slices.Contains(o.Insert, text), slices.Contains(o.Change, text)
}

// operation reads {column: name, insert: [values], change: [values]}.
func (r *reader) operation(e *Entity, n *Node, subject string) {
	if n == nil {
		return
	}
	subject += ".operation"
	if !r.mapping(n, subject, operationKeys, nil, false) {
		return
	}
	r.require(n, subject, "column", "insert")
	o := &Operation{Position: n.at}
	if column := n.get("column"); column != nil {
		o.Column, o.Position = r.word(column, subject+": column"), column.at
	}
	if insert := n.get("insert"); insert != nil {
		o.Insert = r.marks(insert, subject+": insert")
	}
	if change := n.get("change"); change != nil {
		o.Change = r.marks(change, subject+": change")
		for _, text := range o.Change {
			if slices.Contains(o.Insert, text) {
				r.refuse(change.at, "", "%s: %q stands under insert and under change", subject, text)
			}
		}
	}
	e.From.Operation = o
}

// marks reads one value or a list of them; empty text is a value, too.
func (r *reader) marks(n *Node, subject string) []string {
	items := []*Node{n}
	if n.kind == nodeList {
		items = n.items
		if len(items) == 0 {
			r.refuse(n.at, "", "%s: expected at least one value, found an empty list", subject)
		}
	}
	var texts []string
	for _, item := range items {
		text, ok := r.scalar(item, subject)
		if ok {
			texts = append(texts, strings.TrimSpace(text))
		}
	}
	r.once(texts, n, subject)
	return texts
}

// operationWords is the schema of what marks reads.
func operationWords() schema {
	word := schema{"type": []string{"string", "number", "boolean"}}
	return anyOf(word, schema{"type": "array", "minItems": 1, "items": word})
}

// operation checks that the source has the column.
func (c *compiler) operation(source []string) {
	if o := c.entity.From.Operation; o != nil && !slices.Contains(source, o.Column) {
		c.refuse(o.Position, Near(o.Column, source), "%s.from.operation: the source has no column %q", c.entity.Name, o.Column)
	}
}
