package mapping

import (
	"slices"
	"strings"

	"landfall/internal/record"
)

// TotalFunc says what a total does with its column.
type TotalFunc string

// The functions of totals.
const (
	TotalSum   TotalFunc = "sum"
	TotalCount TotalFunc = "count" // of rows, or with a column of the rows in which it is not NULL
	TotalMin   TotalFunc = "min"
	TotalMax   TotalFunc = "max"
)

var totalFuncs = []string{string(TotalSum), string(TotalCount), string(TotalMin), string(TotalMax)}

// Total is a number over all rows of an entity's target table, or over each
// group of them, that is taken before and after a run.
type Total struct {
	Text     string // as it is written, its blanks set in one way: `sum(balance) by branch_id, status`
	Func     TotalFunc
	Column   string   // of the target table; empty for count()
	By       []string // columns of the target table whose values make the groups; nil for one over all rows
	Position Position

	columnAt Position
	byAt     []Position
}

// write puts the total together again.
func (t *Total) write() string {
	text := string(t.Func) + "("
	if t.Column != "" {
		text += totalName(t.Column)
	}
	text += ")"
	for i, name := range t.By {
		if i == 0 {
			text += " by "
		} else {
			text += ", "
		}
		text += totalName(name)
	}
	return text
}

// totalName quotes a name that is no word of a total.
func totalName(name string) string {
	if strings.ContainsFunc(name, endsWord) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// totals keeps totals from showing what is masked everywhere else: a least
// value is a row's own, and so is the sum over a group of one. What is counted
// shows nothing.
func (l *linter) totals(e *Entity) {
	hidden := e.Privacy().Target
	for _, t := range e.Totals {
		if hidden[t.Column] && t.Func != TotalCount {
			l.refuse(t.columnAt, "", "%s.totals: %q is private, and %s shows its values; count(%s) does not", e.Name, t.Column, t.Func, totalName(t.Column))
		}
		for i, name := range t.By {
			if hidden[name] {
				l.refuse(t.byAt[i], "", "%s.totals: %q is private, and its values would name the groups", e.Name, name)
			}
		}
	}
}

// totals holds each total against the target's columns.
func (c *compiler) totals() {
	find := func(name string, at Position) (record.Field, bool) {
		place := slices.Index(c.target, name)
		if place < 0 {
			c.refuse(at, Near(name, c.target), "%s.totals: %s has no column %q", c.entity.Name, c.entity.To.Table, name)
			return record.Field{}, false
		}
		return c.columns[place], true
	}
	for _, t := range c.entity.Totals {
		if t.Column != "" {
			if column, found := find(t.Column, t.columnAt); found && !t.Func.takes(column.Type.Kind) {
				c.refuse(t.columnAt, "", "%s.totals: %s wants a column of %s, and %s is %s", c.entity.Name, t.Func, t.Func.wants(), t.Column, column.Type.Native)
			}
		}
		for i, name := range t.By {
			find(name, t.byAt[i])
		}
	}
}

// takes reports whether the function has an answer for values of a kind. A
// least text would depend on how the database sorts.
func (f TotalFunc) takes(kind record.Kind) bool {
	switch kind {
	case record.KindInt, record.KindFloat, record.KindDecimal:
		return true
	case record.KindNull: // any value may stand there
		return f == TotalSum || f == TotalCount
	case record.KindDate, record.KindTime, record.KindTimestamp, record.KindTimestampTZ:
		return f != TotalSum
	}
	return f == TotalCount
}

func (f TotalFunc) wants() string {
	if f == TotalSum {
		return "numbers"
	}
	return "numbers, dates or times"
}
