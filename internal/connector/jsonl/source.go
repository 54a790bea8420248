package jsonl

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// driver has no state: every file is opened for itself.
type driver struct{}

// New makes the driver of files of JSON lines.
func New() source.Driver { return driver{} }

// Identity names files as such; which one it is, the mapping says.
func (driver) Identity() string { return "JSON lines files" }

func (driver) Close(context.Context) error { return nil }

// Open finds the columns and checks that the key is among them.
func (driver) Open(ctx context.Context, from source.From) (source.Origin, error) {
	settings, err := decodeSettings(from.Settings)
	if err != nil {
		return nil, err // names the place in the mapping file
	}
	base := filepath.Base(from.File)
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", base, err)
	}
	if from.Where != "" {
		return nil, fmt.Errorf("%s: `where` is for tables; a file is read as a whole", base)
	}
	o := &Origin{entity: from.Entity, columns: settings.Columns, listed: len(settings.Columns) > 0}
	if o.set, err = textfile.OpenSet(ctx, from.File, settings.Encoding); err != nil {
		return nil, err
	}
	if err := o.findColumns(ctx); err != nil {
		return nil, err
	}
	o.places = map[string]int{}
	for i, name := range o.columns {
		o.places[name] = i
	}
	return o, o.findKey(base, from.Key)
}

// Origin is one file, or several.
type Origin struct {
	entity  string
	set     *textfile.Set
	columns []string
	listed  bool // the mapping lists the columns
	places  map[string]int
	key     []int
	crlf    bool // the first file's first line ends in CR LF
}

func (o *Origin) findKey(base string, key []string) error {
	if len(key) == 0 {
		return fmt.Errorf("%s: no key column is given", base)
	}
	for _, name := range key {
		at := slices.Index(o.columns, name)
		if at < 0 {
			hint := ""
			if near := sqldb.Near(name, o.columns); near != "" {
				hint = fmt.Sprintf(" (did you mean %q?)", near)
			}
			return fmt.Errorf("%s: %s hold no member %q%s", base, o.found(), name, hint)
		}
		o.key = append(o.key, at)
	}
	return nil
}

// found says where the columns come from.
func (o *Origin) found() string {
	if o.listed {
		return "the `columns`"
	}
	return fmt.Sprintf("the first %d lines", searched)
}

// Columns are in the order in which they are listed or found.
func (o *Origin) Columns() []record.Field {
	fields := make([]record.Field, len(o.columns))
	for i, name := range o.columns {
		fields[i] = record.Field{Name: name, Nullable: true}
	}
	return fields
}

// KeyProven is false: nobody keeps a file from naming a key twice.
func (o *Origin) KeyProven() bool { return false }

// Slices is a slice for each file.
func (o *Origin) Slices(context.Context) ([]source.Slice, error) { return o.set.Slices(), nil }

// Fingerprint is the size and SHA-256 of each file.
func (o *Origin) Fingerprint(ctx context.Context) ([]source.Fact, error) {
	return o.set.Fingerprint(ctx)
}
