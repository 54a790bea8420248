package proof

import (
	"fmt"
	"strings"
)

// Fault is one thing in the books that is not what it was, named as closely as
// it can be known.
type Fault struct {
	Table   string   `json:"table"`
	Entity  string   `json:"entity,omitempty"`
	Slice   *int64   `json:"slice,omitempty"`
	Batch   *int64   `json:"batch,omitempty"`
	Row     string   `json:"row,omitempty"` // what else names the row
	Columns []string `json:"columns,omitempty"`
	Text    string   `json:"text"`

	wide bool // the place is known, and the column is not for certain
}

// String is the fault in a line: table of entity, slice, batch, row: columns: what.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Table)
	if f.Entity != "" {
		b.WriteString(" of " + f.Entity)
	}
	if f.Slice != nil {
		fmt.Fprintf(&b, ", slice %d", *f.Slice)
	}
	if f.Batch != nil {
		fmt.Fprintf(&b, ", batch %d", *f.Batch)
	}
	if f.Row != "" {
		b.WriteString(", " + f.Row)
	}
	b.WriteString(": ")
	if len(f.Columns) > 0 {
		b.WriteString(strings.Join(f.Columns, ", ") + ": ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// covers reports whether the fault names a column of the same row as another
// one: a batch has one marker and one segment, and entries have names.
func (f Fault) covers(other Fault) bool {
	return other.wide && len(f.Columns) > 0 && f.Batch != nil && f.Table == other.Table && f.Entity == other.Entity && f.Row == other.Row &&
		same(f.Slice, other.Slice) && same(f.Batch, other.Batch)
}

func same(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
