package table

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Inserter lands new rows in one table and does nothing else to it: it has no
// method that changes or deletes a row, and locks none. It implements
// target.Inserts, and not target.Table.
type Inserter struct{ to *Lander }

var _ target.Inserts = (*Inserter)(nil)

// NewInserter prepares inserting into a table whose rows are known by the given
// key columns.
func NewInserter(dialect sqldb.Dialect, table *sqldb.Table, key []sqldb.Column) *Inserter {
	return &Inserter{NewLander(dialect, table, key)}
}

// Insert implements target.Inserts.
func (i *Inserter) Insert(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, rows [][]record.Value, careful bool) (target.Landed, error) {
	return i.to.Insert(ctx, tx, columns, rows, careful)
}

// Fetch implements target.Inserts. Locking a row takes the right to change it,
// so it never does.
func (i *Inserter) Fetch(ctx context.Context, tx sqldb.Tx, keys [][]record.Value, columns []sqldb.Column, _ bool) ([][]record.Value, error) {
	return i.to.Fetch(ctx, tx, keys, columns, false)
}

// Match implements target.Inserts.
func (i *Inserter) Match(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, tuples [][]record.Value) ([]target.Matched, error) {
	return i.to.Match(ctx, tx, columns, tuples)
}

// Fingerprint implements target.Inserts.
func (i *Inserter) Fingerprint(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) (record.Fingerprint, error) {
	return i.to.Fingerprint(ctx, tx, keys)
}

// FingerprintAll implements target.Inserts.
func (i *Inserter) FingerprintAll(ctx context.Context, tx sqldb.Tx) (record.Fingerprint, error) {
	return i.to.FingerprintAll(ctx, tx)
}

const counterSavepoint = "landfall_counter"

// AdvanceSequences implements target.Inserts. Where this user has no right to the
// counter it stays where it is.
func (i *Inserter) AdvanceSequences(ctx context.Context, tx sqldb.Tx) (err error) {
	if _, err := tx.Exec(ctx, "SAVEPOINT "+counterSavepoint); err != nil {
		return err
	}
	var denied error
	if err := i.to.AdvanceSequences(ctx, tx); err != nil {
		if !i.to.dialect.Classify(err).Denied {
			return err
		}
		denied = target.ErrCounter
		if _, err := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT "+counterSavepoint); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "RELEASE SAVEPOINT "+counterSavepoint); err != nil {
		return err
	}
	return denied
}
