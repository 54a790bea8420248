// Package sqldb is the little that all SQL databases share: a connection, a
// transaction with a bulk copy in reach, the catalogue of a table, and the
// Dialect that spells what each database spells differently. Values cross it
// as record.Value, so that nothing is boxed on the way.
package sqldb

import (
	"context"

	"landfall/internal/record"
)

// DB is one open connection to a database, used by one goroutine at a time;
// every lane has its own. After an error that Dialect.Classify calls Lost the
// DB is unusable and a new one is opened.
type DB interface {
	Dialect() Dialect
	// Begin starts a transaction that may write.
	Begin(ctx context.Context) (Tx, error)
	// Snapshot starts a read-only transaction in which every query sees the
	// same state of the database.
	Snapshot(ctx context.Context) (Tx, error)
	// Table reads the catalogue. It returns ErrNoTable, wrapped with a near
	// name when there is one, when the table does not exist or is not visible.
	Table(ctx context.Context, name string) (*Table, error)
	// Identity names the database for people and for comparison: host, port and
	// database, or the file's absolute path. No user, no password.
	Identity() string
	Close(ctx context.Context) error
}

// Reopener is implemented by DBs whose connection may be lost while the database
// lives.
type Reopener interface {
	// Another opens a further connection, as this one was opened.
	Another(ctx context.Context) (DB, error)
}

// Tx is a transaction. Arguments are string, int64, float64, bool, []byte,
// nil, record.Value, or what Dialect.Relation returned. Placeholders are
// written by Dialect.Placeholder.
type Tx interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Query runs a query. The caller closes Rows and asks its Err.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	// BulkInsert writes rows into a table by the database's fastest way and
	// returns how many the database says it took. Either all rows are in or an
	// error is returned and the transaction must go back to a savepoint.
	// Explicit values for identity columns are taken as they are.
	BulkInsert(ctx context.Context, table Name, columns []Column, rows RowSource) (int64, error)
	Commit(ctx context.Context) error
	// Rollback ends the transaction; after Commit it does nothing.
	Rollback(ctx context.Context) error
}

// Rows walks over a result. Values is valid until the next call of Next; its
// strings may be kept.
type Rows interface {
	Next() bool
	Values() []record.Value
	Err() error
	Close()
}

// PreferIndexes tells the planner, where it must be told, to look rows up.
func PreferIndexes(ctx context.Context, tx Tx, dialect Dialect, on bool) error {
	statement := dialect.PreferIndexes(on)
	if statement == "" {
		return nil
	}
	return Drain(ctx, tx, statement)
}

// Drain runs a statement for its effect and drops the rows that it yields.
func Drain(ctx context.Context, tx Tx, statement string) error {
	rows, err := tx.Query(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// RowSource yields rows for BulkInsert: the next row's values in column order,
// or nil at the end. The slice is only read until the next call.
type RowSource func() []record.Value

// RowsOf makes a RowSource over rows that are in memory.
func RowsOf(rows [][]record.Value) RowSource {
	at := 0
	return func() []record.Value {
		if at == len(rows) {
			return nil
		}
		at++
		return rows[at-1]
	}
}
