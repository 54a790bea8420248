package csv

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
	"landfall/internal/source"
)

type reader struct {
	origin  *Origin
	sheet   *sheet
	text    *textfile.Text
	scanner *scanner
	number  int64
	slab    textfile.Slab
	parts   []string // of a key of several columns, reused
}

// Read yields the rows behind the position.
func (o *Origin) Read(ctx context.Context, slice source.Slice, after source.Position) (source.Reader, error) {
	at, err := o.set.Of(slice)
	if err != nil {
		return nil, err
	}
	sheet := o.sheets[at]
	if after.Offset == 0 {
		after = sheet.start
	}
	text, err := sheet.Text(ctx, after.Offset)
	if err != nil {
		return nil, err
	}
	return &reader{
		origin: o, sheet: sheet, text: text, number: after.Number,
		scanner: newScanner(text, o.format, after.Line),
		parts:   make([]string, len(o.key)),
	}, nil
}

// Pick reads the whole file and yields the records whose key is wanted.
func (o *Origin) Pick(ctx context.Context, slice source.Slice, wanted source.Wanted) (source.Reader, error) {
	r, err := o.Read(ctx, slice, source.Position{})
	if err != nil {
		return nil, err
	}
	return textfile.Pick(r, wanted), nil
}

// Read returns the next row.
func (r *reader) Read() (*record.Record, *record.Rejection, error) {
	line := r.scanner.Line + 1
	bad, err := r.scanner.next()
	if err != nil {
		return nil, nil, err
	}
	r.number++
	rec := r.newRecord(line)
	if bad == nil {
		bad = r.checkRow(line)
	}
	blank := r.nameRecord(rec, bad)
	if bad == nil && blank != "" {
		bad = &textfile.Fault{Code: record.CodeMissingKey, Line: line, What: blank}
	}
	if bad == nil {
		return rec, nil, nil
	}
	return rec, r.sheet.Reject(rec, bad), nil
}

// newRecord puts the cells in the order of the origin's columns. The cells of a
// row that has too many or too few stay as they stand.
func (r *reader) newRecord(line int64) *record.Record {
	cells := r.scanner.cells
	rec := r.slab.Record(r.origin.entity, r.number, line, len(cells))
	values := rec.Values[:len(cells)]
	if r.sheet.order == nil || len(cells) != len(r.sheet.order) {
		for i, cell := range cells {
			values[i] = record.Text(cell)
		}
		return rec
	}
	for i, at := range r.sheet.order {
		values[i] = record.Text(cells[at])
	}
	return rec
}

func (r *reader) checkRow(line int64) *textfile.Fault {
	cells, columns := r.scanner.cells, r.origin.columns
	if len(cells) == len(columns) {
		return nil
	}
	bad := &textfile.Fault{Code: record.CodeRaggedRow, Line: line}
	if len(cells) == 1 && cells[0] == "" {
		bad.What = "is blank"
		return bad
	}
	unit := "cells"
	if len(cells) == 1 {
		unit = "cell"
	}
	bad.What = fmt.Sprintf("has %d %s, %s %d", len(cells), unit, r.origin.wide, len(columns))
	return bad
}

// nameRecord gives the record its Ref where its key cells are there and sound;
// it says which is blank. Key cells are kept as they are: cutting blanks is for
// the mapping's fold to declare.
func (r *reader) nameRecord(rec *record.Record, bad *textfile.Fault) (blank string) {
	cells := r.scanner.cells
	for i, at := range r.sheet.key {
		switch {
		case at >= len(cells):
			return ""
		case strings.TrimSpace(cells[at]) == "":
			return fmt.Sprintf("has nothing in the key column %s", r.origin.columns[r.origin.key[i]])
		case bad != nil && !utf8.ValidString(cells[at]):
			return ""
		}
		r.parts[i] = cells[at]
	}
	rec.Ref.Key = record.JoinKey(r.parts...)
	return ""
}

// Position is the place behind the row last read.
func (r *reader) Position() source.Position {
	return source.Position{Number: r.number, Line: r.scanner.Line, Offset: r.scanner.Place(0)}
}

func (r *reader) Close() error { return r.text.Close() }
