package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Digest is what a report holds of everything that its run wrote.
type Digest struct {
	Bounds Bounds `json:"bounds"`
	// Columns are those of each table that sums were made of: later books may
	// have more.
	Columns map[string][]string `json:"columns"`
	Tables  []Table             `json:"tables"`
	// Passing holds what the next run may change; it is compared as long as
	// there was none.
	Passing []Table `json:"passing,omitempty"`
}

// passingPrefix tells the columns of tables apart of which some may change.
const passingPrefix = "passing "

// Table is the digest of a table's rows, of one entity where they belong to one.
type Table struct {
	Name     string `json:"table"`
	EntityID int64  `json:"entity_id,omitempty"`
	Entity   string `json:"entity,omitempty"`
	Rows     int64  `json:"rows"`
	Parts    []Part `json:"parts"`
}

// Final reports whether nothing that a run wrote changes any more, but for what
// may lawfully change.
func Final(state ledger.State) bool { return !state.Resumable() }

// Take makes the digest of a run that has ended. reconciliations are those that
// the report tells of and that have ended.
func Take(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, reconciliations []int64) (*Digest, error) {
	d := &Digest{Bounds: Bounds{Reconciliations: reconciliations}, Columns: map[string][]string{}}
	for _, bound := range []struct {
		to    *int64
		query string
		args  []any
	}{
		{&d.Bounds.Version, "SELECT coalesce(max(version), 0) FROM {version}", nil},
		{&d.Bounds.Shape, "SELECT coalesce(max(id), 0) FROM {shape}", nil},
		{&d.Bounds.Table, "SELECT coalesce(max(id), 0) FROM {target_table}", nil},
		{&d.Bounds.Newest, "SELECT coalesce(max(id), 0) FROM {run}", nil},
		{&d.Bounds.Epoch, "SELECT coalesce(max(epoch), 0) FROM {lease} WHERE migration = ?", []any{run.Migration}},
	} {
		row, _, err := l.Books().One(ctx, tx, bound.query, bound.args...)
		if err != nil {
			return nil, err
		}
		*bound.to = row[0].Int()
	}
	row, _, err := l.Books().One(ctx, tx, "SELECT coalesce(max(acquired_at), '') FROM {lease} WHERE migration = ?", run.Migration)
	if err != nil {
		return nil, err
	}
	d.Bounds.LeaseAt = row[0].String()
	names, err := d.prepare(ctx, tx, l, run)
	if err != nil {
		return nil, err
	}
	for _, e := range lasting(run.ID, d.Bounds) {
		found, err := take(ctx, tx, l, e, names)
		if err != nil {
			return nil, err
		}
		d.Tables = append(d.Tables, found...)
		d.Columns[e.table] = e.columns
	}
	if d.Bounds.Newest == run.ID {
		for _, e := range passing(run.ID, run.Migration, d.Bounds) {
			found, err := take(ctx, tx, l, e, names)
			if err != nil {
				return nil, err
			}
			d.Passing = append(d.Passing, found...)
			d.Columns[passingPrefix+e.table] = e.columns
		}
	}
	return d, nil
}

// prepare finds out what the books can tell.
func (d *Digest) prepare(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) (map[int64]string, error) {
	_, undone, err := l.Books().One(ctx, tx, "SELECT 1 FROM {run} WHERE parent_id = ? AND mode = ? LIMIT 1", run.ID, ledger.ModeRollback)
	if err != nil {
		return nil, err
	}
	d.Bounds.Undone = d.Bounds.Undone || undone
	if d.Bounds.former, err = l.Books().Able(ctx, tx, "former"); err != nil {
		return nil, err
	}
	return entityNames(ctx, tx, l)
}

func entityNames(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger) (map[int64]string, error) {
	names := map[int64]string{}
	err := l.Books().Query(ctx, tx, func(row []record.Value) error {
		names[row[0].Int()] = row[1].String()
		return nil
	}, "SELECT id, name FROM {entity}")
	return names, err
}

// groups are the sums of an extent, by entity.
type groups map[int64]*summer

// errTooManyGroups ends a scan of a table whose numbers of entities are damaged
// beyond use.
var errTooManyGroups = errors.New("rows belong to more than 10000 entities")

func (e *extent) sum(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger) (groups, error) {
	sums := groups{}
	if e.entity < 0 {
		sums[0] = newSummer(e.key, len(e.columns), e.hashed)
	}
	err := e.read(ctx, tx, l.Books(), func(row []record.Value) error {
		id := e.groupOf(row)
		s := sums[id]
		if s == nil {
			if len(sums) > 10000 {
				return errTooManyGroups
			}
			s = newSummer(e.key, len(e.columns), e.hashed)
			sums[id] = s
		}
		s.row(row)
		return nil
	})
	if err != nil {
		err = fmt.Errorf("reading %s: %w", e.table, err)
	}
	return sums, err
}

func (e *extent) groupOf(row []record.Value) int64 {
	if e.entity < 0 {
		return 0
	}
	return row[e.entity].Int()
}

func take(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, e extent, names map[int64]string) ([]Table, error) {
	sums, err := e.sum(ctx, tx, l)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for id := range sums {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var tables []Table
	for _, id := range ids {
		t := Table{Name: e.table, EntityID: id, Entity: names[id], Rows: sums[id].rows()}
		parts := sums[id].fold(partsFor(t.Rows))
		for i := range parts {
			t.Parts = append(t.Parts, parts[i].stored())
		}
		tables = append(tables, t)
	}
	return tables, nil
}
