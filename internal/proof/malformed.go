package proof

import (
	"errors"
	"fmt"
	"slices"

	"landfall/internal/books"
)

// ErrMalformed says that a digest is none that Take has made.
var ErrMalformed = errors.New("the digests cannot be read")

// check finds what would not let the digest be compared: what it names must be
// in the books of this version, which lose no table or column.
func (d *Digest) check() error {
	layouts := map[string]books.Layout{}
	for _, layout := range books.Layouts() {
		layouts[layout.Table] = layout
	}
	for prefix, tables := range map[string][]Table{"": d.Tables, passingPrefix: d.Passing} {
		for i := range tables {
			t := &tables[i]
			layout, known := layouts[t.Name]
			columns := d.Columns[prefix+t.Name]
			if !known || len(columns) == 0 {
				return fmt.Errorf("%w: the books have no table %q with the columns %q", ErrMalformed, t.Name, columns)
			}
			for _, column := range columns {
				if !slices.Contains(layout.Columns, column) {
					return fmt.Errorf("%w: table %s has no column %q", ErrMalformed, t.Name, column)
				}
			}
			for p := range t.Parts {
				if _, err := t.Parts[p].read(len(columns)); err != nil {
					return fmt.Errorf("%w: of table %s: %w", ErrMalformed, t.Name, err)
				}
			}
		}
	}
	return nil
}
