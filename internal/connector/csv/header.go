package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"landfall/internal/connector/textfile"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// addSheet reads a file's header. The first file's order is the origin's.
func (o *Origin) addSheet(ctx context.Context, file *textfile.File) error {
	s := &sheet{File: file}
	first := len(o.sheets) == 0
	o.sheets = append(o.sheets, s)
	names, err := o.readHeader(ctx, s, first)
	switch {
	case err != nil || o.headless:
		return err
	case first:
		o.columns = names
		return nil
	case slices.Equal(names, o.columns):
		return nil
	}
	for _, name := range names {
		if !slices.Contains(o.columns, name) {
			return fmt.Errorf("%s: line 1: column %q is not in %s; files that are read together have the same columns", s.Base, name, o.sheets[0].Base)
		}
	}
	for _, name := range o.columns {
		at := slices.Index(names, name)
		if at < 0 {
			return fmt.Errorf("%s: line 1: no column %q, which %s has; files that are read together have the same columns", s.Base, name, o.sheets[0].Base)
		}
		s.order = append(s.order, at)
	}
	return nil
}

// readHeader reads a file's first row, or only looks how its lines end.
func (o *Origin) readHeader(ctx context.Context, f *sheet, first bool) ([]string, error) {
	text, err := f.Text(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	s := newScanner(text, o.format, 0)
	if _, err := s.Fill(); err != nil {
		return nil, err
	}
	if first && !o.format.CR {
		o.format.CRLF = endsCRLF(s.Buf[:s.End])
	}
	if o.headless {
		return nil, nil
	}
	bad, err := s.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s is empty: its first row must name the columns", f.Base)
	case err != nil:
		return nil, err
	case bad != nil:
		return nil, fmt.Errorf("%s: line %d %s", f.Base, bad.Line, f.Words(bad))
	}
	names := make([]string, len(s.cells))
	for i, name := range s.cells {
		names[i] = strings.Clone(name)
	}
	f.start = source.Position{Line: s.Line, Offset: s.Place(0)}
	return names, checkHeader(f.Base, names)
}

// skip moves the start behind so many records, which count all the same.
func (s *sheet) skip(ctx context.Context, format Format, records int64) error {
	if records == 0 {
		return nil
	}
	text, err := s.Text(ctx, s.start.Offset)
	if err != nil {
		return err
	}
	defer text.Close()
	scan := newScanner(text, format, s.start.Line)
	for range records {
		if _, err := scan.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		s.start.Number++
	}
	s.start.Line, s.start.Offset = scan.Line, scan.Place(0)
	return nil
}

// endsCRLF looks at the first line end alone.
func endsCRLF(b []byte) bool {
	at := bytes.IndexByte(b, '\n')
	return at > 0 && b[at-1] == '\r'
}

// checkHeader refuses names that a mapping could not tell apart.
func checkHeader(file string, names []string) error {
	first := map[string]int{}
	for i, name := range names {
		if strings.TrimSpace(name) == "" {
			hint := ""
			if len(names) == 1 {
				hint = "; the first row must name the columns"
			} else if i == len(names)-1 {
				hint = "; does the header end with a delimiter?"
			}
			return fmt.Errorf("%s: line 1: column %d of %d has no name%s", file, i+1, len(names), hint)
		}
		switch {
		case strings.Contains(name, "\x00"):
			return fmt.Errorf("%s: line 1: the name of column %d holds NUL bytes: is the file UTF-16? Set `encoding`", file, i+1)
		case strings.Contains(name, "\r") && !strings.Contains(name, "\n"):
			return fmt.Errorf("%s: line 1: the name of column %d holds a carriage return: if all lines end in it, set `line_end: cr`", file, i+1)
		}
		if at, known := first[name]; known {
			return fmt.Errorf("%s: line 1: columns %d and %d are both named %q", file, at+1, i+1, name)
		}
		first[name] = i
	}
	return nil
}

// findKey finds the key's places, in each file's own order.
func (o *Origin) findKey(key []string) error {
	if len(key) == 0 {
		return fmt.Errorf("%s: no key column is given", o.sheets[0].Base)
	}
	for _, name := range key {
		at := slices.Index(o.columns, name)
		if at < 0 {
			return o.noColumn(name)
		}
		o.key = append(o.key, at)
		for _, sheet := range o.sheets {
			if sheet.order == nil {
				sheet.key = append(sheet.key, at)
			} else {
				sheet.key = append(sheet.key, sheet.order[at])
			}
		}
	}
	return nil
}

// noColumn suspects the delimiter when the header is a single name that holds
// another usual one.
func (o *Origin) noColumn(name string) error {
	where := o.sheets[0].Base + ": line 1"
	if o.headless {
		where = o.sheets[0].Base + ": `columns`"
	}
	if len(o.columns) == 1 {
		for _, delimiter := range ",;\t|" {
			if strings.ContainsRune(o.columns[0], delimiter) && !o.headless {
				return fmt.Errorf("%s: no column %q; the header is a single name with %q in it: set `delimiter`", where, name, delimiter)
			}
		}
	}
	if near := sqldb.Near(name, o.columns); near != "" {
		return fmt.Errorf("%s: no column %q (did you mean %q?)", where, name, near)
	}
	return fmt.Errorf("%s: no column %q", where, name)
}
