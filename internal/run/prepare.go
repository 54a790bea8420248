package run

import (
	"context"
	"slices"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// PrepareBooks makes the books where there are none.
func PrepareBooks(ctx context.Context, db sqldb.DB) error {
	present, err := books.Present(ctx, db)
	if err != nil || present == books.Version {
		return err
	}
	err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) error { return books.Ensure(ctx, tx, db.Dialect(), present) })
	if err != nil && madeMeanwhile(ctx, db) {
		return nil
	}
	return err
}

// madeMeanwhile looks again after the books could not be made: of two first
// runs at once, one is refused what the other is making, IF NOT EXISTS or not,
// but not before that one has committed.
func madeMeanwhile(ctx context.Context, db sqldb.DB) bool {
	present, err := books.Present(ctx, db)
	return err == nil && present == books.Version
}

// BeginWithBooks begins a transaction and makes the books in it, where there
// are none.
func BeginWithBooks(ctx context.Context, db sqldb.DB) (sqldb.Tx, error) {
	for again := false; ; again = true {
		present, err := books.Present(ctx, db)
		if err != nil {
			return nil, err
		}
		tx, err := db.Begin(ctx)
		if err != nil {
			return nil, err
		}
		err = books.Ensure(ctx, tx, db.Dialect(), present)
		if err == nil {
			return tx, nil
		}
		if rollback := tx.Rollback(context.WithoutCancel(ctx)); rollback != nil || again || !madeMeanwhile(ctx, db) {
			return nil, err
		}
	}
}

// warnOfIndex says once that look-ups by target key go through the whole
// crosswalk, unless a DBA has made the index that serves all tables.
func (r *runner) warnOfIndex(ctx context.Context) {
	if r.warned {
		return
	}
	table, err := r.m.Looker().Table(ctx, r.books.Name("crosswalk").String())
	if err != nil {
		return // a hint is not worth breaking a run for
	}
	for _, unique := range table.Uniques {
		if slices.Equal(unique.Columns, []string{"table_id", "target_key"}) {
			return
		}
	}
	r.warned = true
	r.tell(Event{Kind: EventWarning, Message: "the crosswalk has no index by target key, and this user may not make one: matches are slow until a DBA runs what `landfall ledger ddl` prints"})
}
