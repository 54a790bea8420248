package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// driver has no state: every file is opened for itself.
type driver struct{}

// New makes the driver of CSV files.
func New() source.Driver { return driver{} }

// Identity names files as such; which one it is, the mapping says.
func (driver) Identity() string { return "CSV files" }

func (driver) Close(context.Context) error { return nil }

// Open reads the header row and checks that the key columns are in it.
func (driver) Open(ctx context.Context, from source.From) (source.Origin, error) {
	settings, err := decodeSettings(from.Settings)
	if err != nil {
		return nil, err // names the place in the mapping file
	}
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(from.File), err)
	}
	if from.Where != "" {
		return nil, fmt.Errorf("%s: `where` is for tables; a file is read as a whole", filepath.Base(from.File))
	}
	o := &Origin{
		entity: from.Entity, path: from.File, base: filepath.Base(from.File),
		format: Format{Delimiter: settings.Delimiter[0], Quote: settings.Quote[0]},
	}
	if err := o.readHeader(ctx); err != nil {
		return nil, err
	}
	if err := o.findKey(from.Key); err != nil {
		return nil, err
	}
	return o, nil
}

// Origin is one CSV file.
type Origin struct {
	entity  string
	path    string
	base    string // for messages
	format  Format
	info    fs.FileInfo // of the file as it was opened
	columns []string
	key     []int // places of the key columns
	start   source.Position
}

var (
	bom      = []byte("\xef\xbb\xbf")
	utf16BOM = [][]byte{[]byte("\xff\xfe"), []byte("\xfe\xff")}
)

func (o *Origin) readHeader(ctx context.Context) error {
	file, err := os.Open(o.path)
	if err != nil {
		return o.missing(err)
	}
	defer file.Close()
	if o.info, err = file.Stat(); err != nil {
		return err
	}
	if !o.info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", o.path)
	}
	s := newScanner(&stream{ctx: ctx, file: file, origin: o}, o.format, 0, 0)
	if _, err := s.fill(); err != nil {
		return err
	}
	for _, mark := range utf16BOM {
		if bytes.HasPrefix(s.buf[:s.end], mark) {
			return fmt.Errorf("%s is UTF-16 text; convert it to UTF-8", o.base)
		}
	}
	if o.format.BOM = bytes.HasPrefix(s.buf[:s.end], bom); o.format.BOM {
		s.consumeOnly(len(bom))
	}
	o.format.CRLF = endsCRLF(s.buf[:s.end])
	bad, err := s.next()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s is empty: its first row must name the columns", o.base)
	case err != nil:
		return err
	case bad != nil:
		return fmt.Errorf("%s: line %d %s", o.base, bad.line, bad.what)
	}
	for _, name := range s.cells {
		o.columns = append(o.columns, strings.Clone(name))
	}
	o.start = source.Position{Line: s.line, Offset: s.offset}
	return o.checkHeader()
}

// endsCRLF looks at the first line end alone.
func endsCRLF(b []byte) bool {
	at := bytes.IndexByte(b, '\n')
	return at > 0 && b[at-1] == '\r'
}

// missing says which file of the folder is near.
func (o *Origin) missing(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, _ := os.ReadDir(filepath.Dir(o.path)) // none are near in a folder that cannot be read
	stems, names := make([]string, 0, len(entries)), map[string]string{}
	for _, entry := range entries {
		stem := strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name()))
		stems = append(stems, stem)
		names[stem] = entry.Name()
	}
	if near := sqldb.Near(strings.TrimSuffix(o.base, filepath.Ext(o.base)), stems); near != "" {
		return fmt.Errorf("no file %s (did you mean %s?): %w", o.path, names[near], fs.ErrNotExist)
	}
	return fmt.Errorf("no file %s: %w", o.path, fs.ErrNotExist)
}

// Columns are the header's names; cells are text of any length.
func (o *Origin) Columns() []record.Field {
	fields := make([]record.Field, len(o.columns))
	for i, name := range o.columns {
		fields[i] = record.Field{Name: name, Nullable: true}
	}
	return fields
}

// KeyProven is false: nobody keeps a file from naming a key twice.
func (o *Origin) KeyProven() bool { return false }

// Format is how the file is written, for files that shall be read like it.
func (o *Origin) Format() Format { return o.format }

// Slices is the file as a whole; its records are not counted beforehand.
func (o *Origin) Slices(context.Context) ([]source.Slice, error) {
	return []source.Slice{{Name: o.base, Count: -1, Bytes: o.info.Size()}}, nil
}
