package sqlite

import (
	"context"

	"landfall/internal/sqldb"
)

// transaction is an open transaction of a database.
type transaction struct {
	db       *database
	readOnly bool
	ended    bool
}

// Begin takes the file's write lock at once: a transaction that reads first
// and writes later can find its snapshot outdated and must start again.
func (db *database) Begin(ctx context.Context) (sqldb.Tx, error) {
	if _, err := db.exec(ctx, "BEGIN IMMEDIATE", nil); err != nil {
		return nil, err
	}
	return &transaction{db: db}, nil
}

// Snapshot reads one state of the file. SQLite takes that state at the first
// read, so one is made here.
func (db *database) Snapshot(ctx context.Context) (sqldb.Tx, error) {
	for _, sql := range []string{"PRAGMA query_only = ON", "BEGIN", "SELECT count(*) FROM sqlite_schema"} {
		if _, err := db.exec(ctx, sql, nil); err != nil {
			_ = (&transaction{db: db, readOnly: true}).Rollback(ctx) // the first error says why
			return nil, err
		}
	}
	return &transaction{db: db, readOnly: true}, nil
}

// Exec runs a statement and returns how many rows it changed.
func (tx *transaction) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return tx.db.exec(ctx, sql, args)
}

// Query runs a query; its rows are computed as they are asked for.
func (tx *transaction) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	return tx.db.query(ctx, sql, args)
}

// Commit ends the transaction; when SQLite refuses, it is still open.
func (tx *transaction) Commit(ctx context.Context) error {
	if _, err := tx.db.exec(ctx, "COMMIT", nil); err != nil {
		return err
	}
	tx.ended = true
	return tx.writable(ctx)
}

// Rollback ends the transaction, also when ctx is cancelled. Some errors (a
// full disk) make SQLite end it on its own.
func (tx *transaction) Rollback(ctx context.Context) error {
	if tx.ended {
		return nil
	}
	tx.ended = true
	ctx = context.WithoutCancel(ctx)
	if tx.db.engine.inTransaction() {
		if _, err := tx.db.exec(ctx, "ROLLBACK", nil); err != nil {
			return err
		}
	}
	return tx.writable(ctx)
}

func (tx *transaction) writable(ctx context.Context) error {
	if !tx.readOnly {
		return nil
	}
	_, err := tx.db.exec(context.WithoutCancel(ctx), "PRAGMA query_only = OFF", nil)
	return err
}

// exec runs a statement to its end.
func (db *database) exec(ctx context.Context, sql string, args []any) (int64, error) {
	rows, err := db.query(ctx, sql, args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	before := db.engine.changedEver()
	for rows.step() {
		// What an INSERT … RETURNING returns is dropped here.
	}
	if rows.err != nil {
		return 0, rows.err
	}
	if db.engine.changedEver() == before {
		return 0, nil // changed still tells of the statement before
	}
	return db.engine.changed(), nil
}
