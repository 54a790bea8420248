package run

import (
	"context"
	"fmt"

	"landfall/internal/connector/table"
	"landfall/internal/crosswalk"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// People go on creating rows while a wave runs, and these are no change to what
// was there. They are told apart in two ways, and either must explain, to the
// last bit, how the table differs from what it must be: no row that is gone or
// has changed can pass for one of them.
//
// The first is by their keys, where keys are numbers that go up: above what was
// the highest one, or what the target's counter had given out, before the wave.
// It reads little. But a transaction that was open at that moment may have drawn
// a lower one, and keys need not be numbers. So the second, where the database
// tells which of its rows a snapshot saw: all rows that the snapshot of the
// measuring before did not see, without those of the wave.

// others measures the rows that others have created since the wave began, if
// these, and nothing else, explain how the table differs from what it must be.
func (g *gauge) others(ctx context.Context, tx sqldb.Tx, rows *table.Lander, after record.Fingerprint) (record.Fingerprint, error) {
	none := record.Fingerprint{}
	known, err := g.ledger.Fingerprints(ctx, tx, g.run.ID)
	if err != nil || known[g.stored.ID] == nil {
		return none, err
	}
	missing := after.Minus(known[g.stored.ID].Expected())
	if missing.Rows <= 0 {
		return none, nil
	}
	marks, err := g.ledger.Marks(ctx, tx, g.run.ID, g.stored.ID)
	if err != nil {
		return none, err
	}
	for _, mark := range marks.Keys {
		found, err := g.created(ctx, tx, rows, mark, missing.Rows)
		if err != nil || found == missing {
			return found, err
		}
	}
	if marks.Snapshot == "" {
		return none, nil
	}
	late := []*int64{nil}
	for i := range marks.Keys {
		late = append(late, &marks.Keys[i])
	}
	for _, mark := range late {
		found, err := g.unseen(ctx, tx, rows, marks.Snapshot, mark)
		if err != nil || found == missing {
			return found, err
		}
	}
	return none, nil
}

// unseen measures the rows that the snapshot did not see and that the run did
// not make.
func (g *gauge) unseen(ctx context.Context, tx sqldb.Tx, rows *table.Lander, snapshot string, mark *int64) (sum record.Fingerprint, err error) {
	unseen, err := rows.Unseen(snapshot, mark)
	if err != nil {
		return sum, fmt.Errorf("a mark in the books: %w", err)
	}
	if sum, err = rows.FingerprintAllUnseen(ctx, tx, unseen); err != nil {
		return sum, err
	}
	for _, e := range g.m.Entities {
		if e.Table.Name != g.Table.Name {
			continue
		}
		own := table.NewLander(g.books.Dialect(), e.Table, e.Key)
		err := g.made(ctx, tx, e, func(_ []crosswalk.Row, keys [][]record.Value) error {
			part, err := own.FingerprintUnseen(ctx, tx, unseen, keys)
			sum = sum.Minus(part)
			return err
		})
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// made hands over the rows that the run made of an entity's records, some at a
// time.
func (r *runner) made(ctx context.Context, tx sqldb.Tx, e *migration.Entity, each func(made []crosswalk.Row, keys [][]record.Value) error) error {
	store, err := crosswalk.Find(ctx, tx, r.books, r.run.Migration, e.Name, e.Table.Name.String())
	if err != nil {
		return err
	}
	after := ""
	for {
		made, err := store.Made(ctx, tx, r.run.ID, after, keysAbove)
		if err != nil || len(made) == 0 {
			return err
		}
		keys := make([][]record.Value, len(made))
		for i := range made {
			if keys[i], err = keyValues(e, made[i].TargetKey); err != nil {
				return err
			}
		}
		if err := each(made, keys); err != nil {
			return err
		}
		after = made[len(made)-1].SourceKey
	}
}

// keysAbove is how many rows are looked at together.
const keysAbove = 5000

// created measures the rows above a mark that belong to no record, and gives up
// when there are more than so many.
func (g *gauge) created(ctx context.Context, tx sqldb.Tx, rows *table.Lander, mark, most int64) (sum record.Fingerprint, err error) {
	store, err := crosswalk.Find(ctx, tx, g.books, g.run.Migration, g.Name, g.Table.Name.String())
	if err != nil {
		return sum, err
	}
	for sum.Rows <= most {
		keys, err := rows.Above(ctx, tx, mark, keysAbove)
		if err != nil || len(keys) == 0 {
			return sum, err
		}
		texts := make([]string, len(keys))
		for i, key := range keys {
			texts[i] = joinKey(key)
		}
		owners, err := store.Owners(ctx, tx, texts)
		if err != nil {
			return sum, err
		}
		var free [][]record.Value
		for i, key := range keys {
			if _, owned := owners[texts[i]]; !owned {
				free = append(free, key)
			}
		}
		part, err := rows.Fingerprint(ctx, tx, free)
		if err != nil {
			return sum, err
		}
		sum, mark = sum.Plus(part), keys[len(keys)-1][0].Int()
	}
	return sum, nil
}
