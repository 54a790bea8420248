package proof

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

var emptyHashes = strings.Repeat("0", 64)

func emptySums(columns int) string {
	return base64.StdEncoding.EncodeToString(make([]byte, 16*columns))
}

// difference is a part that is not what it was: how many rows there are more,
// and by how much the sums of its columns differ.
type difference struct {
	entity      int64
	part, parts uint64
	rows        int64
	sums        [][2]uint64
	// loose is set where only columns differ that may be purged.
	loose bool

	columns []int // of the row that changed
	weight  uint64
	gone    bool // the row that the sums name is not there any more
	moved   bool // a row has another key than before
	row     []record.Value
}

// read finds out what the sums say: one row that changed, is new or is gone.
func (d *difference) read(e *extent) {
	hashed := d.sums
	if !d.loose {
		// Columns that may be purged prove nothing by themselves.
		hashed = d.sums[:e.hashed]
	}
	weight := uint64(0)
	for c, sum := range hashed {
		switch {
		case sum == [2]uint64{}:
			continue
		case sum[0] == 0:
			// The same cells under other keys.
			d.moved = d.rows == 0
			if d.rows != 0 {
				return
			}
			continue
		}
		d.columns = append(d.columns, c)
		w := Mul(sum[1], Inverse(sum[0]))
		if slices.Contains(e.key, c) && d.rows == 0 {
			d.moved = true
			continue
		}
		if weight != 0 && w != weight {
			d.weight, d.moved = 0, false
			return
		}
		weight = w
	}
	if d.moved || d.rows < -1 || d.rows > 1 || d.rows == 0 && weight == 0 {
		return
	}
	if weight%d.parts != d.part { // no row of this part has it
		return
	}
	d.weight, d.gone = weight, d.rows < 0
}

// locate finds the rows that the differences name, in one more scan.
func (e *extent) locate(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, search []*difference) error {
	for _, d := range search {
		d.read(e)
	}
	s := newSummer(e.key, len(e.columns), e.hashed)
	return e.read(ctx, tx, l.Books(), func(row []record.Value) error {
		group, weight := e.groupOf(row), s.weigh(row)
		for _, d := range search {
			if d.entity != group || weight%d.parts != d.part || d.row != nil || d.gone {
				continue
			}
			if d.weight != 0 && d.weight == weight || d.moved && e.movedHere(d, s, row) {
				d.row = slices.Clone(row)
			}
		}
		return nil
	})
}

// movedHere reports whether the row is the one whose key changed: then all
// cells that are what they were moved from one weight to another by one step.
func (e *extent) movedHere(d *difference, s *summer, row []record.Value) bool {
	step := uint64(0)
	for c, sum := range d.sums[:e.hashed] {
		if sum[0] != 0 {
			if !slices.Contains(e.key, c) {
				return false
			}
			continue
		}
		cell := s.checksum(row[c])
		if step == 0 {
			step = Mul(sum[1], Inverse(cell))
		}
		if Mul(cell, step) != sum[1] {
			return false
		}
	}
	return step != 0
}

// faults says what was found, and joins what is gone in one part and new in
// another: the key of a row changed.
func (e *extent) faults(search []*difference, names map[int64]string) []Fault {
	var faults []Fault
	joined := map[*difference]bool{}
	for _, gone := range search {
		if !gone.gone {
			continue
		}
		for _, came := range search {
			if came.row == nil || came.rows != 1 || joined[came] || came.entity != gone.entity {
				continue
			}
			if columns, same := e.sameBut(gone, came); same {
				joined[gone], joined[came] = true, true
				f := e.name(came.entity, came.row, names)
				f.Columns, f.Text = e.columnNames(columns), "is not what it was"
				faults = append(faults, f)
				break
			}
		}
	}
	for _, d := range search {
		if joined[d] || d.loose && !d.spoiled() {
			continue
		}
		f := Fault{Table: e.table, Entity: names[d.entity]}
		switch {
		case d.row != nil && d.rows > 0:
			f = e.name(d.entity, d.row, names)
			f.Text = "this row was not there"
		case d.row != nil:
			f = e.name(d.entity, d.row, names)
			f.Columns, f.Text = e.columnNames(d.columns), "is not what it was"
		case d.gone, d.rows == -1:
			f.Text = "a row is gone, or belongs elsewhere now"
		case d.rows < 0:
			f.Text = fmt.Sprintf("%d rows are gone, or belong elsewhere now", -d.rows)
		case d.rows > 0:
			f.Text = fmt.Sprintf("%d rows were not there", d.rows)
		default:
			f.Columns = e.columnNames(d.changedColumns(e))
			f.Text = "several rows are not what they were"
		}
		faults = append(faults, f)
	}
	return faults
}

// spoiled reports whether the columns that may be purged hold something else
// now. Where several rows were purged or changed, their own hashes tell.
func (d *difference) spoiled() bool {
	return d.row != nil && !slices.ContainsFunc(d.columns, func(c int) bool { return d.row[c].IsNull() })
}

func (d *difference) changedColumns(e *extent) []int {
	var columns []int
	for c := range d.sums[:e.hashed] {
		if d.sums[c] != [2]uint64{} {
			columns = append(columns, c)
		}
	}
	return columns
}

// sameBut compares a row that is gone with one that came, by their sums.
func (e *extent) sameBut(gone, came *difference) (changed []int, same bool) {
	for c := range gone.sums[:e.hashed] {
		if (gone.sums[c][0]+came.sums[c][0])%Prime == 0 {
			continue
		}
		if !slices.Contains(e.key, c) {
			return nil, false
		}
		changed = append(changed, c)
	}
	return changed, len(changed) > 0
}

func (e *extent) columnNames(columns []int) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = e.columns[c]
	}
	return names
}

// name says which row it is, by its key and never by its other cells.
func (e *extent) name(entity int64, row []record.Value, names map[int64]string) Fault {
	f := Fault{Table: e.table, Entity: names[entity]}
	if e.entity >= 0 && f.Entity == "" {
		f.Entity = fmt.Sprintf("entity %d", entity)
	}
	var parts []string
	for _, at := range e.key {
		cell, number := row[at], row[at].Int()
		switch column := e.columns[at]; column {
		case "run_id", "entity_id", "reconciliation_id", "epoch":
		case "slice_no":
			f.Slice = &number
		case "ordinal":
			f.Batch = &number
		case "value", "grouping":
			// What a record is found by, and the values of a group, may be private.
		case "seq":
			parts = append(parts, fmt.Sprintf("entry %d", number))
		default:
			parts = append(parts, column+" "+cell.String())
		}
	}
	if e.table == "entry" || e.table == "difference" {
		at := slices.Index(e.columns, "source_key")
		parts = append(parts, record.Ref{Entity: names[entity], Key: row[at].String()}.String())
	}
	f.Row = strings.Join(parts, ", ")
	return f
}
