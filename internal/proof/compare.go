package proof

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/sqldb"
)

// Compare takes the digest again and hands every difference to each. It
// returns how many rows it read, and whether what the next run may change was
// compared.
func (d *Digest) Compare(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, each func(Fault)) (rows int64, all bool, err error) {
	if err := d.check(); err != nil {
		return 0, false, err
	}
	names, err := d.prepare(ctx, tx, l, run)
	if err != nil {
		return 0, false, err
	}
	for _, t := range append(slices.Clone(d.Tables), d.Passing...) {
		if names[t.EntityID] == "" {
			names[t.EntityID] = t.Entity
		}
	}
	compare := func(extents []extent, stored []Table, prefix string) error {
		for _, e := range extents {
			e.as(d.Columns[prefix+e.table])
			n, err := e.compare(ctx, tx, l, stored, names, each)
			if err != nil {
				return err
			}
			rows += n
		}
		return nil
	}
	if err := compare(lasting(run.ID, d.Bounds), d.Tables, ""); err != nil {
		return rows, false, err
	}
	row, _, err := l.Books().One(ctx, tx, "SELECT coalesce(max(id), 0) FROM {run}")
	if err != nil || len(d.Passing) == 0 || row[0].Int() != d.Bounds.Newest {
		return rows, false, err
	}
	extents := passing(run.ID, run.Migration, d.Bounds)
	lease, _, err := l.Books().One(ctx, tx, "SELECT coalesce(max(epoch), 0), coalesce(max(acquired_at), ''), count(holder) FROM {lease} WHERE migration = ?", run.Migration)
	if err != nil {
		return rows, false, err
	}
	if lease[2].Int() > 0 || lease[0].Int() != d.Bounds.Epoch && lease[1].String() != d.Bounds.LeaseAt {
		// Somebody took the lease since, which raises its number and notes when.
		extents = slices.DeleteFunc(extents, func(e extent) bool { return e.table == "lease" })
	}
	return rows, true, compare(extents, d.Passing, passingPrefix)
}

func (e *extent) compare(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, stored []Table, names map[int64]string, each func(Fault)) (int64, error) {
	now, err := e.sum(ctx, tx, l)
	if err != nil {
		return 0, err
	}
	rows := int64(0)
	var search []*difference
	known := map[int64]bool{}
	for i := range stored {
		t := &stored[i]
		if t.Name != e.table {
			continue
		}
		known[t.EntityID] = true
		s := now[t.EntityID]
		if s == nil {
			s = newSummer(e.key, len(e.columns), e.hashed)
		}
		rows += s.rows()
		found, err := e.differences(t, s)
		if err != nil {
			return rows, err
		}
		search = append(search, found...)
	}
	for id, s := range now {
		if !known[id] && s.rows() > 0 {
			empty := Table{Name: e.table, EntityID: id}
			found, err := e.differences(&empty, s)
			if err != nil {
				return rows, err
			}
			search = append(search, found...)
		}
	}
	if len(search) == 0 {
		return rows, nil
	}
	slices.SortFunc(search, func(a, b *difference) int { return int(a.entity - b.entity) })
	if err := e.locate(ctx, tx, l, search); err != nil {
		return rows, err
	}
	for _, f := range e.faults(search, names) {
		each(f)
	}
	return rows, nil
}

// differences lists the parts of a table that are not what they were.
func (e *extent) differences(t *Table, s *summer) ([]*difference, error) {
	count := len(t.Parts)
	if count == 0 {
		count = 1
		t = &Table{Name: t.Name, EntityID: t.EntityID, Parts: []Part{{Hashes: emptyHashes, Sums: emptySums(len(e.columns))}}}
	}
	if count > mostParts || count&(count-1) != 0 {
		return nil, fmt.Errorf("%w: %d parts of table %s, expected a power of two up to %d", ErrMalformed, count, t.Name, mostParts)
	}
	now := s.fold(count)
	var found []*difference
	for i := range now {
		was, err := t.Parts[i].read(len(e.columns))
		if err != nil {
			return nil, fmt.Errorf("%w: of table %s: %w", ErrMalformed, t.Name, err)
		}
		same := was.rows == now[i].rows && was.hashes == now[i].hashes
		if same && slices.Equal(was.columns, now[i].columns) {
			continue
		}
		d := &difference{loose: same, entity: t.EntityID, part: uint64(i), parts: uint64(count), rows: now[i].rows - was.rows, sums: make([][2]uint64, len(e.columns))}
		for c := range d.sums {
			d.sums[c] = [2]uint64{Minus(now[i].columns[c][0], was.columns[c][0]), Minus(now[i].columns[c][1], was.columns[c][1])}
		}
		found = append(found, d)
	}
	return found, nil
}
