package dataload

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"landfall/internal/connector/csv"
	"landfall/internal/connector/textfile"
	"landfall/internal/mapping"
	"landfall/internal/source"
)

// input is the data file, once all of it was looked at.
type input struct {
	path    string // absolute
	columns []string
	key     int // place of the key column
	marked  bool
	origin  source.Origin // of all its records, whatever -a says
	file    *textfile.File
	header  int64 // where the first record begins
}

// openInput holds the whole file against what can be said of it before anything
// is sent: every byte is UTF-8, and the header names each attribute once.
func openInput(ctx context.Context, o *Options) (*input, error) {
	path, err := filepath.Abs(o.DataFile)
	if err != nil {
		return nil, err
	}
	if ending := strings.ToLower(filepath.Ext(textfile.PlainName(path))); ending == ".jsonl" || ending == ".ndjson" {
		return nil, inputf("%s: the loader reads CSV files; describe JSON lines in a mapping and load them with `landfall run`", filepath.Base(path))
	}
	found, err := scanText(ctx, path)
	if err != nil {
		return nil, err
	}
	in := &input{path: path, marked: found.marked}
	if in.file, err = textfile.Open(ctx, path, "utf-8"); err != nil {
		return nil, err
	}
	if in.origin, err = csv.New().Open(ctx, source.From{Entity: o.entity(), File: path, Key: []string{o.PrimaryKey}}); err != nil {
		return nil, inputf("%s. Nothing was sent; records are found again by %s, and -p names another unique attribute", err, o.PrimaryKey)
	}
	for _, column := range in.origin.Columns() {
		in.columns = append(in.columns, column.Name)
	}
	if err := checkHeader(path, in.columns); err != nil {
		return nil, err
	}
	in.key = slices.Index(in.columns, o.PrimaryKey)
	for _, name := range o.Unique {
		if !slices.Contains(in.columns, name) {
			return nil, inputf("--unique %s: %s has no such column%s", name, filepath.Base(path), mapping.Hint(name, in.columns))
		}
	}
	if o.Marker != "" && slices.Contains(in.columns, o.Marker) {
		return nil, inputf("%s: line 1: column %q is the one that --marker names, and what the file says would be written over: name another attribute", filepath.Base(path), o.Marker)
	}
	w, err := in.walk(ctx)
	if err != nil {
		return nil, err
	}
	in.header = w.end
	return in, w.close()
}

// headerBytes is the header as it stands in the file, without a byte order mark.
func (in *input) headerBytes(ctx context.Context) ([]byte, error) {
	w, err := in.walk(ctx)
	if err != nil {
		return nil, err
	}
	header, err := w.take(w.at, in.header)
	return header, errors.Join(err, w.close())
}
