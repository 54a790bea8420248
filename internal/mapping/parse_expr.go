package mapping

import "strings"

// expression reads `expr` and takes the columns that it reads for the field's
// own, each at its place inside the expression.
func (r *reader) expression(f *Field, n *Node, subject string) {
	if n == nil {
		return
	}
	before := len(r.problems)
	f.Expr = r.word(n, subject+": expr")
	if len(r.problems) > before {
		return
	}
	compiled, fault := newExpression(f.Expr)
	if fault != nil {
		r.refuse(r.within(n, fault.offset), fault.near, "%s: expr: %s", subject, fault.message)
		return
	}
	f.expression = compiled
	if len(f.at["from"]) > 0 {
		return // expr and from are both given, which the linter tells
	}
	f.From = compiled.columns
	for _, offset := range compiled.offsets {
		f.at["expr.columns"] = append(f.at["expr.columns"], r.within(n, offset))
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func indexFrom(text, piece string, from int) int {
	at := strings.Index(text[min(from, len(text)):], piece)
	if at < 0 {
		return -1
	}
	return at + min(from, len(text))
}
