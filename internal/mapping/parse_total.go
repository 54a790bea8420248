package mapping

import (
	"slices"
	"strings"
	"unicode"
)

// totals reads a list of totals: `sum(balance) by branch_id, status`.
func (r *reader) totals(e *Entity, n *Node) {
	if n == nil {
		return
	}
	subject := e.Name + ".totals"
	items := []*Node{n}
	if n.kind == nodeList {
		items = n.items
		if len(items) == 0 {
			r.refuse(n.at, "", "%s: expected at least one total, found an empty list", subject)
		}
	}
	for _, item := range items {
		before := len(r.problems)
		r.word(item, subject)
		if len(r.problems) > before {
			continue
		}
		p := &totalParser{reader: r, node: item, subject: subject, text: []rune(item.text)}
		total, ok := p.parse()
		if !ok {
			continue
		}
		if slices.ContainsFunc(e.Totals, func(other Total) bool { return other.Text == total.Text }) {
			r.refuse(item.at, "", "%s: %s is listed twice", subject, total.Text)
			continue
		}
		e.Totals = append(e.Totals, total)
	}
}

// totalParser takes one total apart.
type totalParser struct {
	*reader
	node    *Node
	subject string
	text    []rune
	at      int // of the next character
}

// totalToken is a word, a quoted name, or one of ( ) , and *
type totalToken struct {
	text   string
	quoted bool
	at     int
	end    bool // of the text
}

func (t totalToken) is(text string) bool { return !t.quoted && !t.end && t.text == text }

func (t totalToken) isName() bool {
	return !t.end && (t.quoted || !strings.ContainsFunc(t.text, endsWord))
}

func (t totalToken) String() string {
	switch {
	case t.end:
		return "nothing"
	case t.is(`"`):
		return "a quote that is not closed"
	}
	return `"` + t.text + `"`
}

func endsWord(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(`"(),*`, c) }

func (p *totalParser) next() totalToken {
	for p.at < len(p.text) && unicode.IsSpace(p.text[p.at]) {
		p.at++
	}
	t := totalToken{at: p.at}
	switch {
	case p.at == len(p.text):
		t.end = true
	case p.text[p.at] == '"':
		t.quoted = true
		p.at++
		var name []rune
		for ; p.at < len(p.text); p.at++ {
			if p.text[p.at] == '"' {
				if p.at++; p.at == len(p.text) || p.text[p.at] != '"' {
					t.text = string(name)
					return t
				}
			}
			name = append(name, p.text[p.at])
		}
		t.text, t.quoted = `"`, false // it is not closed, which makes it no name
	case endsWord(p.text[p.at]):
		t.text = string(p.text[p.at])
		p.at++
	default:
		for p.at < len(p.text) && !endsWord(p.text[p.at]) {
			p.at++
		}
		t.text = string(p.text[t.at:p.at])
	}
	return t
}

func (p *totalParser) place(t totalToken) Position { return p.within(p.node, t.at) }

func (p *totalParser) expected(t totalToken, near, what string) (Total, bool) {
	p.refuse(p.place(t), near, "%s: expected %s, found %s", p.subject, what, t)
	return Total{}, false
}

func (p *totalParser) parse() (Total, bool) {
	name := p.next()
	if !name.isName() || name.quoted || !slices.Contains(totalFuncs, name.text) {
		return p.expected(name, Near(name.text, totalFuncs), alternatives(totalFuncs))
	}
	total := Total{Func: TotalFunc(name.text), Position: p.node.at}
	if open := p.next(); !open.is("(") {
		return p.expected(open, "", name.text+"(…)")
	}
	column := p.next()
	switch {
	case column.is(")") && total.Func == TotalCount:
	case column.is("*") && total.Func == TotalCount:
		return p.expected(column, "", "count() for all rows or a column")
	case !column.isName() || column.text == "":
		return p.expected(column, "", "a column of the target table")
	default:
		total.Column, total.columnAt = column.text, p.place(column)
		if end := p.next(); !end.is(")") {
			return p.expected(end, "", `")"`)
		}
	}
	by := p.next()
	switch {
	case by.end:
	case !by.is("by"):
		return p.expected(by, Near(by.text, []string{"by"}), `"by" or nothing more`)
	default:
		if !p.groups(&total) {
			return Total{}, false
		}
	}
	total.Text = total.write()
	return total, true
}

// groups reads the columns behind `by`.
func (p *totalParser) groups(total *Total) bool {
	for {
		name := p.next()
		if !name.isName() || name.text == "" {
			p.expected(name, "", "a column of the target table")
			return false
		}
		if slices.Contains(total.By, name.text) {
			p.refuse(p.place(name), "", "%s: %q is listed twice", p.subject, name.text)
			return false
		}
		total.By, total.byAt = append(total.By, name.text), append(total.byAt, p.place(name))
		comma := p.next()
		if comma.end {
			return true
		}
		if !comma.is(",") {
			p.expected(comma, "", "a comma or nothing more")
			return false
		}
	}
}
