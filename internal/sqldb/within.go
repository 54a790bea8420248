package sqldb

import (
	"context"

	"landfall/internal/record"
)

// InTx runs work in a transaction of its own, which is rolled back when work
// fails.
func InTx(ctx context.Context, db DB, work func(Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// Each runs a query and hands every row to visit. The row is valid during the
// call.
func Each(ctx context.Context, tx Tx, visit func(row []record.Value) error, query string, args ...any) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows.Values()); err != nil {
			return err
		}
	}
	return rows.Err()
}
