package csv

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"landfall/internal/record"
	"landfall/internal/source"
)

// slab is how many records are allocated at a time. They go through a batch
// together, so none keeps the others alive for long.
const slab = 64

type reader struct {
	origin  *Origin
	file    *os.File
	scanner *scanner
	number  int64
	values  []record.Value // room for the records to come
	records []record.Record
	parts   []string // of a key of several columns, reused
}

// Read yields the rows behind the position.
func (o *Origin) Read(ctx context.Context, _ source.Slice, after source.Position) (source.Reader, error) {
	return o.open(ctx, after)
}

func (o *Origin) open(ctx context.Context, after source.Position) (*reader, error) {
	if after.Offset == 0 {
		after = o.start
	}
	file, err := os.Open(o.path)
	if err != nil {
		return nil, o.missing(err)
	}
	if err = o.checkUnchanged(file); err == nil {
		_, err = file.Seek(after.Offset, io.SeekStart)
	}
	if err == nil && after.Offset > o.info.Size() {
		err = fmt.Errorf("%s has %d bytes, reading cannot go on at byte %d", o.base, o.info.Size(), after.Offset)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	in := &stream{ctx: ctx, file: file, origin: o}
	return &reader{
		origin: o, file: file, number: after.Number,
		scanner: newScanner(in, o.format, after.Offset, after.Line),
		parts:   make([]string, len(o.key)),
	}, nil
}

// Read returns the next row.
func (r *reader) Read() (*record.Record, *record.Rejection, error) {
	line := r.scanner.line + 1
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
		bad = &fault{code: record.CodeMissingKey, line: line, what: blank}
	}
	if bad == nil {
		return rec, nil, nil
	}
	return rec, r.reject(rec, bad), nil
}

func (r *reader) newRecord(line int64) *record.Record {
	cells := r.scanner.cells
	if len(r.values) < len(cells) {
		r.values = make([]record.Value, max(len(cells), slab*len(r.origin.columns)))
	}
	if len(r.records) == 0 {
		r.records = make([]record.Record, slab)
	}
	rec := &r.records[0]
	r.records = r.records[1:]
	*rec = record.Record{Ref: record.Ref{Entity: r.origin.entity}, Number: r.number, Line: line}
	rec.Values = r.values[:len(cells):len(cells)]
	r.values = r.values[len(cells):]
	for i, cell := range cells {
		rec.Values[i] = record.Text(cell)
	}
	return rec
}

func (r *reader) checkRow(line int64) *fault {
	cells, columns := r.scanner.cells, r.origin.columns
	if len(cells) == len(columns) {
		return nil
	}
	bad := &fault{code: record.CodeRaggedRow, line: line}
	if len(cells) == 1 && cells[0] == "" {
		bad.what = "is blank"
		return bad
	}
	unit := "cells"
	if len(cells) == 1 {
		unit = "cell"
	}
	bad.what = fmt.Sprintf("has %d %s, the header has %d", len(cells), unit, len(columns))
	return bad
}

// nameRecord gives the record its Ref where its key cells are there and sound;
// it says which is blank. Key cells are kept as they are: cutting blanks is for
// the mapping's fold to declare.
func (r *reader) nameRecord(rec *record.Record, bad *fault) (blank string) {
	cells := r.scanner.cells
	for i, at := range r.origin.key {
		switch {
		case at >= len(cells):
			return ""
		case strings.TrimSpace(cells[at]) == "":
			return fmt.Sprintf("has nothing in the key column %s", r.origin.columns[at])
		case bad != nil && !utf8.ValidString(cells[at]):
			return ""
		}
		r.parts[i] = cells[at]
	}
	rec.Ref.Key = record.JoinKey(r.parts...)
	return ""
}

func (r *reader) reject(rec *record.Record, bad *fault) *record.Rejection {
	place := fmt.Sprintf("record %d", rec.Number)
	if bad.line != rec.Line {
		place = fmt.Sprintf("record %d, which starts on line %d", rec.Number, rec.Line)
	}
	return &record.Rejection{
		Ref:  rec.Ref,
		Step: record.StepRead,
		Code: bad.code,
		Err:  fmt.Errorf("%s: line %d (%s) %s", r.origin.base, bad.line, place, bad.what),
	}
}

// Position is the place behind the row last read.
func (r *reader) Position() source.Position {
	return source.Position{Number: r.number, Line: r.scanner.line, Offset: r.scanner.offset}
}

func (r *reader) Close() error { return r.file.Close() }
