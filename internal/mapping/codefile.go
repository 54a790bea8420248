package mapping

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// largestCodeFile bounds a file of codes; all of it is held in memory.
const largestCodeFile = 16 << 20

// codeFile is a CSV file that `values` names: the columns from and to, an empty
// cell under to meaning NULL.
type codeFile struct {
	*reader
	name  string // as the mapping writes it
	field *Field
	lines map[string]int
}

// codesFrom reads `values: codes.csv`. What is wrong in that file is told at
// its place there.
func (r *reader) codesFrom(f *Field, n *Node, subject string) {
	name := r.word(n, subject+": values")
	if name == "" {
		return
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	text, err := readCodes(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		r.refuse(n.at, "", "%s: values: cannot read the file %s (expected a mapping of values, or a CSV file beside this one): %s", subject, name, err)
		return
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	c := &codeFile{reader: &reader{doc: newDocument(filepath.Join(filepath.Dir(r.doc.path), name), text)}, name: name, field: f, lines: map[string]int{}}
	if filepath.IsAbs(name) {
		c.doc.path = name
	}
	f.Values, f.Nulls, f.CodeFile, f.codes = map[string]string{}, map[string]bool{}, name, c.doc
	c.read(text, subject)
	r.problems = append(r.problems, c.problems...)
}

func readCodes(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case info.Size() > largestCodeFile:
		return nil, fmt.Errorf("it is larger than %d bytes", largestCodeFile)
	}
	return os.ReadFile(path)
}

func (c *codeFile) read(text []byte, subject string) {
	if !utf8.Valid(text) {
		c.refuse(Position{Line: 1, Column: 1}, "", "%s: values: %s is not text in UTF-8", subject, c.name)
		return
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1
	if header := c.doc.lines[0]; !strings.Contains(header, ",") && strings.Contains(header, ";") {
		in.Comma = ';' // spreadsheets of half of Europe
	}
	for first := true; ; first = false {
		cells, err := in.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if first {
				c.refuse(Position{Line: 1, Column: 1}, "", "%s: values: %s is empty; expected the header from,to", subject, c.name)
			}
			return
		case errors.As(err, &wrong):
			c.refuse(Position{Line: wrong.Line, Column: wrong.Column}, "", "%s: values: %s", subject, wrong.Err)
			return
		}
		line, column := in.FieldPos(0)
		at := Position{Line: line, Column: utf8.RuneCountInString(c.doc.lines[line-1][:column-1]) + 1}
		switch {
		case first:
			if len(cells) != 2 || !strings.EqualFold(strings.TrimSpace(cells[0]), "from") || !strings.EqualFold(strings.TrimSpace(cells[1]), "to") {
				c.refuse(at, "", "%s: values: expected a file of two columns with the header from,to", subject)
				return
			}
		case len(cells) != 2:
			c.refuse(at, "", "%s: values: expected two cells, found %d", subject, len(cells))
		default:
			c.code(cells[0], cells[1], at, subject)
		}
	}
}

func (c *codeFile) code(from, to string, at Position, subject string) {
	if before, twice := c.lines[from]; twice {
		c.refuse(at, "", "%s: values: %q is already given on line %d", subject, from, before)
		return
	}
	c.lines[from] = at.Line
	c.field.at["values."+from] = []Position{at}
	if to == "" {
		c.field.Nulls[from] = true
		return
	}
	c.field.Values[from] = to
}
