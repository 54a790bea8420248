package mapping

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong in a mapping file, with its place.
type Problem struct {
	File     string
	Line     int // from 1; 0 when the file as a whole is meant
	Column   int // from 1, in characters
	LineText string
	Message  string // starts with the entity or connection it is about
	Near     string // what was probably meant; empty when nothing is near

	// caret is Column in LineText, where secrets may have been masked.
	caret int
}

// Error prints place, message, the line and a caret under the column.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Near != "" {
		fmt.Fprintf(&b, ", did you mean %q?", p.Near)
	}
	if p.LineText == "" {
		return b.String()
	}
	at := p.caret
	if at == 0 {
		at = p.Column
	}
	line, at := clip([]rune(strings.ReplaceAll(p.LineText, "\t", " ")), at)
	fmt.Fprintf(&b, "\n%5d | %s", p.Line, line)
	if at > 0 {
		fmt.Fprintf(&b, "\n      | %s^", strings.Repeat(" ", at-1))
	}
	return b.String()
}

// clip shows as much of a long line as a terminal has room for, around the
// column, and tells where the column stands in it; 0 when it is not in the line.
func clip(line []rune, at int) (string, int) {
	const room, before = 110, 60
	if at > len(line)+1 {
		at = 0
	}
	if len(line) <= room {
		return string(line), at
	}
	from := min(max(0, at-before), len(line)-room)
	shown := string(line[from : from+room])
	if from+room < len(line) {
		shown += "…"
	}
	if from > 0 {
		shown = "…" + shown
		at += 1 - from
	}
	return shown, at
}

// Position is the problem's place in its file.
func (p *Problem) Position() Position { return Position{Line: p.Line, Column: p.Column} }

// Problems is everything that is wrong in a mapping file, in the file's order.
type Problems []*Problem

// Error prints the problems one after the other.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap gives the single problems, so that errors.As finds each.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, problem := range p {
		errs[i] = problem
	}
	return errs
}

// orNil keeps an empty list from becoming a non-nil error.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
