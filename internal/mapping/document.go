package mapping

import (
	"slices"
	"strings"
)

// document is the text of a mapping file, for showing its lines. A nil
// document shows none, which serves entities that were not read from a file.
type document struct {
	path    string
	lines   []string
	secrets []string // texts that no message may show
}

func newDocument(path string, text []byte) *document {
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], "\r")
	}
	return &document{path: path, lines: lines}
}

func (d *document) problem(at Position, message, near string) *Problem {
	p := &Problem{Line: at.Line, Column: at.Column, Message: message, Near: near}
	d.locate(p)
	return p
}

// locate adds the file's name and the line to a problem that only has a place.
func (d *document) locate(p *Problem) {
	if d == nil {
		return
	}
	if p.File == "" {
		p.File = d.path
	}
	if p.File == d.path && p.LineText == "" && p.Line > 0 && p.Line <= len(d.lines) {
		p.LineText, p.caret = mask(d.lines[p.Line-1], p.Column, d.secrets)
	}
}

// Problem makes a Problem at a place in this file.
func (f *File) Problem(at Position, message string) *Problem {
	return f.text.problem(at, message, "")
}

// Locate adds the file's name and the line to a problem that only has a place.
func (f *File) Locate(p *Problem) { f.text.locate(p) }

// Connection finds a connection by its name, or returns nil.
func (f *File) Connection(name string) *Connection {
	for _, c := range f.Connections {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Entity finds an entity by its name, or returns nil.
func (f *File) Entity(name string) *Entity {
	for _, e := range f.Entities {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// ConnectionNames lists the connections in the file's order.
func (f *File) ConnectionNames() []string {
	names := make([]string, len(f.Connections))
	for i, c := range f.Connections {
		names[i] = c.Name
	}
	return names
}

// EntityNames lists the entities in the file's order.
func (f *File) EntityNames() []string {
	names := make([]string, len(f.Entities))
	for i, e := range f.Entities {
		names[i] = e.Name
	}
	return names
}

// sortProblems puts problems into the file's order.
func sortProblems(problems Problems) {
	slices.SortStableFunc(problems, func(a, b *Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}
