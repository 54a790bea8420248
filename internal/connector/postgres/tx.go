package postgres

import (
	"context"
	"errors"
	"time"

	"landfall/internal/sqldb"
)

const rollbackTimeout = 10 * time.Second

// transaction is an open transaction of a database.
type transaction struct {
	db    *database
	ended bool
}

// Begin starts a transaction that may write. READ COMMITTED, so that keys
// which another lane committed a moment ago are seen.
func (db *database) Begin(ctx context.Context) (sqldb.Tx, error) {
	return db.begin(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
}

// Snapshot starts a transaction that reads one state of the database.
func (db *database) Snapshot(ctx context.Context) (sqldb.Tx, error) {
	return db.begin(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
}

func (db *database) begin(ctx context.Context, sql string) (sqldb.Tx, error) {
	if _, err := db.exec(ctx, sql, nil); err != nil {
		return nil, err
	}
	return &transaction{db: db}, nil
}

// Exec runs a statement and returns how many rows it changed.
func (tx *transaction) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return tx.db.exec(ctx, sql, args)
}

// Query runs a query; its rows come from the server as they are asked for.
func (tx *transaction) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	return tx.db.query(ctx, sql, args)
}

// Commit ends the transaction. The server answers COMMIT on a transaction that
// has failed before with a ROLLBACK and no error, which must not pass for one.
func (tx *transaction) Commit(ctx context.Context) error {
	tx.ended = true
	result := tx.db.conn.ExecParams(ctx, "COMMIT", nil, nil, nil, nil)
	tag, err := result.Close()
	if err != nil {
		return tx.db.wrap(ctx, err)
	}
	if tag.String() != "COMMIT" {
		return errors.New("the transaction had failed before, so the server rolled it back instead of committing")
	}
	return nil
}

// Rollback ends the transaction; a connection that is gone has ended it too.
// It works although ctx is cancelled, which is when it is needed most.
func (tx *transaction) Rollback(ctx context.Context) error {
	if tx.ended || tx.db.conn.IsClosed() {
		return nil
	}
	tx.ended = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_, err := tx.db.exec(ctx, "ROLLBACK", nil)
	return err
}

func (db *database) exec(ctx context.Context, sql string, args []any) (int64, error) {
	params, err := encodeArgs(args)
	if err != nil {
		return 0, err
	}
	tag, err := db.conn.ExecParams(ctx, sql, params, nil, nil, nil).Close()
	if err != nil {
		return 0, refused(db.wrap(ctx, err), sql)
	}
	return tag.RowsAffected(), nil
}
