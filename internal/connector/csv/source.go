package csv

import (
	"context"
	"fmt"
	"path/filepath"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
	"landfall/internal/source"
)

// driver has no state: every file is opened for itself.
type driver struct{}

// New makes the driver of CSV files.
func New() source.Driver { return driver{} }

// Identity names files as such; which one it is, the mapping says.
func (driver) Identity() string { return "CSV files" }

func (driver) Close(context.Context) error { return nil }

// Open reads the header row of each file and checks that they agree and hold
// the key columns.
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
	o := &Origin{entity: from.Entity, format: settings.format(), columns: settings.Columns, headless: settings.Header == none, wide: "the header has"}
	if o.headless {
		o.wide = "the mapping's `columns` has"
	}
	if o.set, err = textfile.OpenSet(ctx, from.File, settings.Encoding); err != nil {
		return nil, err
	}
	if settings.Skip > 0 && len(o.set.Files) > 1 {
		return nil, fmt.Errorf("%s: `skip` is for one file, and these are %d", base, len(o.set.Files))
	}
	for _, file := range o.set.Files {
		if err := o.addSheet(ctx, file); err != nil {
			return nil, err
		}
	}
	if err := o.sheets[0].skip(ctx, o.format, settings.Skip); err != nil {
		return nil, err
	}
	return o, o.findKey(from.Key)
}

// Origin is one CSV file, or several with the same columns.
type Origin struct {
	entity   string
	set      *textfile.Set
	sheets   []*sheet
	format   Format
	headless bool // no file has a header
	columns  []string
	wide     string // says where the number of columns comes from
	key      []int  // places of the key columns
}

// sheet is one of the files.
type sheet struct {
	*textfile.File
	start source.Position // behind the header, and what is passed over
	order []int           // places of the origin's columns where they differ; nil: as they are
	key   []int           // places of the key columns in this file
}

// Columns are the first file's header; cells are text of any length.
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
