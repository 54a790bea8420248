// Package indexwork takes secondary indexes from a table while a load goes on
// and makes them again afterwards. What it took stands in the books in the
// transaction that took it, so that it is known and mended whatever happens in
// between.
package indexwork

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Since is the version of the books that brought the table of what was taken.
const Since = 4

// The states of an index that was taken.
const (
	dropped   = "dropped"
	rebuilt   = "rebuilt"
	found     = "found"     // somebody else had made it again, just as it was
	forgotten = "forgotten" // a person said that it is not wanted any more
)

// ErrNoIndexes says that a database's indexes cannot be taken and made again.
var ErrNoIndexes = errors.New("the indexes of this database cannot be taken away and made again")

// Dropped is an index that was taken and is not there again.
type Dropped struct {
	ID        int64      `json:"-"`
	RunID     int64      `json:"-"`
	EntityID  int64      `json:"-"`
	Run       string     `json:"run"`
	Migration string     `json:"migration"`
	Table     sqldb.Name `json:"-"`
	Of        string     `json:"table"`
	Index     string     `json:"index"`
	Make      []string   `json:"definition"`
	DroppedAt string     `json:"dropped_at"`
	Error     string     `json:"error,omitempty"` // why it could not be made again
}

// String names the index and its table.
func (d *Dropped) String() string { return d.Index + " on " + d.Of }

// Left lists the indexes that are not there again, of one migration or, with
// "", of all that land in this database, in the order in which they were taken.
// Books of an earlier version know of none.
func Left(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string) ([]Dropped, error) {
	row, _, err := b.One(ctx, tx, "SELECT coalesce(max(version), 0) FROM {version}")
	if err != nil || row[0].Int() < Since {
		return nil, err
	}
	var left []Dropped
	err = b.Query(ctx, tx, func(row []record.Value) error {
		d := Dropped{
			ID: row[0].Int(), RunID: row[1].Int(), EntityID: row[2].Int(), Table: sqldb.Name{Schema: row[10].String(), Table: row[3].String()}, Index: row[4].String(),
			DroppedAt: row[6].String(), Error: row[7].String(), Run: row[8].String(), Migration: row[9].String(),
		}
		d.Of = d.Table.String()
		if err := json.Unmarshal([]byte(row[5].String()), &d.Make); err != nil {
			return fmt.Errorf("the definition of index %s in the books: %w", d.Index, err)
		}
		if migration == "" || d.Migration == migration {
			left = append(left, d)
		}
		return nil
	}, "SELECT w.id, w.run_id, w.entity_id, w.target_table, w.index_name, w.definition, w.dropped_at, w.error, r.name, r.migration, w.target_schema FROM {index_work} w JOIN {run} r ON r.id = w.run_id WHERE w.state = '"+dropped+"' ORDER BY w.run_id, w.id")
	return left, err
}

// LeftIn is Left for a database whose books may be missing.
func LeftIn(ctx context.Context, db sqldb.DB, b *books.Books, migration string) ([]Dropped, error) {
	present, err := books.Present(ctx, db)
	if err != nil || present < Since {
		return nil, err
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	return Left(ctx, tx, b, migration)
}

// Take takes the secondary indexes of a table, but for those that lead with one
// of the kept columns, and writes them down in the same transaction. It returns
// those that it took.
func Take(ctx context.Context, tx sqldb.Tx, b *books.Books, runID, entityID int64, table sqldb.Name, keep []string) ([]string, error) {
	keeper, ok := b.Dialect().(sqldb.Indexes)
	if !ok {
		return nil, ErrNoIndexes
	}
	indexes, err := keeper.SecondaryIndexes(ctx, tx, table)
	if err != nil {
		return nil, fmt.Errorf("reading the indexes of %s: %w", table, err)
	}
	row, _, err := b.One(ctx, tx, "SELECT coalesce(max(id), 0) + 1 FROM {index_work} WHERE run_id = ?", runID)
	if err != nil {
		return nil, err
	}
	next := row[0].Int()
	var taken []string
	for _, index := range indexes {
		if slices.Contains(keep, index.First) {
			continue
		}
		definition, err := json.Marshal(index.Make)
		if err != nil {
			return nil, err
		}
		_, err = b.Exec(ctx, tx, "INSERT INTO {index_work} (run_id, id, entity_id, target_schema, target_table, index_name, definition, state, dropped_at) VALUES (?, ?, ?, ?, ?, ?, ?, '"+dropped+"', "+b.Now(0)+")",
			runID, next, entityID, table.Schema, table.Table, index.Name, string(definition))
		if err != nil {
			return nil, fmt.Errorf("writing down index %s: %w", index.Name, err)
		}
		if _, err := tx.Exec(ctx, index.Drop); err != nil {
			return nil, fmt.Errorf("taking index %s from %s: %w", index.Name, table, err)
		}
		taken = append(taken, index.Name)
		next++
	}
	return taken, nil
}

// ErrDiffers says that an index of that name is there, and is another one.
var ErrDiffers = errors.New("an index of that name is there and is not what it was: drop it or rename it, or give up the old one by `landfall indexes forget`")

// Rebuild makes one index again, exactly as it was, and notes it in the same
// transaction. One that is there already as it was is only noted.
func Rebuild(ctx context.Context, tx sqldb.Tx, b *books.Books, d *Dropped) error {
	keeper, ok := b.Dialect().(sqldb.Indexes)
	if !ok {
		return ErrNoIndexes
	}
	present, err := keeper.SecondaryIndexes(ctx, tx, d.Table)
	if err != nil {
		return err
	}
	state := rebuilt
	if at := slices.IndexFunc(present, func(i sqldb.Index) bool { return i.Name == d.Index }); at >= 0 {
		if !slices.Equal(present[at].Make, d.Make) {
			return ErrDiffers
		}
		state = found
	} else {
		for _, statement := range d.Make {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
	}
	return mark(ctx, tx, b, d, state, nil)
}

// Forget notes that an index is not to be made again.
func Forget(ctx context.Context, tx sqldb.Tx, b *books.Books, d *Dropped, reason string) error {
	return mark(ctx, tx, b, d, forgotten, reason)
}

// mark notes what became of it; should it be told twice, the first time holds.
func mark(ctx context.Context, tx sqldb.Tx, b *books.Books, d *Dropped, state string, why any) error {
	_, err := b.Exec(ctx, tx, "UPDATE {index_work} SET state = ?, rebuilt_at = "+b.Now(0)+", error = ? WHERE run_id = ? AND id = ? AND state = '"+dropped+"'", state, why, d.RunID, d.ID)
	return err
}

// Fail notes why an index could not be made again.
func Fail(ctx context.Context, tx sqldb.Tx, b *books.Books, d *Dropped, why string) error {
	_, err := b.Exec(ctx, tx, "UPDATE {index_work} SET error = ? WHERE run_id = ? AND id = ? AND state = '"+dropped+"'", why, d.RunID, d.ID)
	return err
}
