package books

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// ErrNoOwnTables says that a database cannot hold the books.
var ErrNoOwnTables = errors.New("this database cannot hold Landfall's books")

// Books names the tables in one database's own spelling. It holds no
// connection: every method works inside the transaction it is given.
type Books struct {
	dialect sqldb.Dialect
	own     sqldb.OwnTables
}

// New returns the books of databases of this dialect.
func New(dialect sqldb.Dialect) (*Books, error) {
	own, ok := dialect.(sqldb.OwnTables)
	if !ok {
		return nil, ErrNoOwnTables
	}
	return &Books{dialect: dialect, own: own}, nil
}

// Dialect is the dialect the books are spelled in.
func (b *Books) Dialect() sqldb.Dialect { return b.dialect }

// Table is the quoted name of one of the books' tables.
func (b *Books) Table(name string) string { return b.dialect.QuoteName(b.own.OwnName(name)) }

// Name is its unquoted name, for bulk inserts.
func (b *Books) Name(name string) sqldb.Name { return b.own.OwnName(name) }

// Now is the SQL expression of the server's clock, moved by some seconds.
func (b *Books) Now(plusSeconds int) string { return b.own.Now(plusSeconds) }

// SQL writes a statement: {name} becomes a table of the books and each ? the
// next placeholder. No other question mark or brace may stand in it.
func (b *Books) SQL(statement string) string {
	var out strings.Builder
	placeholder := 0
	for at := 0; at < len(statement); at++ {
		switch statement[at] {
		case '?':
			placeholder++
			out.WriteString(b.dialect.Placeholder(placeholder))
		case '{':
			end := at + strings.IndexByte(statement[at:], '}')
			out.WriteString(b.Table(statement[at+1 : end]))
			at = end
		default:
			out.WriteByte(statement[at])
		}
	}
	return out.String()
}

// Exec runs a statement written for SQL.
func (b *Books) Exec(ctx context.Context, tx sqldb.Tx, statement string, args ...any) (int64, error) {
	return tx.Exec(ctx, b.SQL(statement), args...)
}

// Query runs a query written for SQL and hands every row to each.
func (b *Books) Query(ctx context.Context, tx sqldb.Tx, each func(row []record.Value) error, query string, args ...any) error {
	return sqldb.Each(ctx, tx, each, b.SQL(query), args...)
}

// One runs a query that yields at most one row; found is false when there is none.
func (b *Books) One(ctx context.Context, tx sqldb.Tx, query string, args ...any) (row []record.Value, found bool, err error) {
	err = b.Query(ctx, tx, func(values []record.Value) error {
		row, found = append([]record.Value(nil), values...), true
		return nil
	}, query, args...)
	return row, found, err
}

// Number runs a query that yields one whole number, whatever is in the books.
func (b *Books) Number(ctx context.Context, tx sqldb.Tx, query string, args ...any) (int64, error) {
	row, found, err := b.One(ctx, tx, query, args...)
	switch {
	case err != nil:
		return 0, err
	case !found:
		return 0, errors.New("the database gave no answer to a question that always has one: its connection is used by somebody else at the same time")
	}
	return row[0].Int(), nil
}

// Present reads the version of the books in the database; 0 means none.
func Present(ctx context.Context, db sqldb.DB) (int64, error) {
	b, err := New(db.Dialect())
	if err != nil {
		return 0, err
	}
	if _, err := db.Table(ctx, b.Name("version").String()); errors.Is(err, sqldb.ErrNoTable) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(ctx)
	row, _, err := b.One(ctx, tx, "SELECT coalesce(max(version), 0) FROM {version}")
	if err != nil {
		return 0, err
	}
	return row[0].Int(), nil
}

// Since reports whether the books are of the version or a later one. Commands
// that only look meet older ones, which lack the tables that came with it.
func (b *Books) Since(ctx context.Context, tx sqldb.Tx, version int64) (bool, error) {
	_, able, err := b.One(ctx, tx, "SELECT 1 FROM {version} WHERE version >= ? LIMIT 1", version)
	return able, err
}

// NewerError refuses books of a version, its number, that this program does not
// know: what it would read or write there may mean something else by now.
type NewerError int64

// Error names both versions.
func (e NewerError) Error() string {
	return fmt.Sprintf("the books in this database have version %d, this program knows versions up to %d: use a newer landfall", int64(e), Version)
}

// Ensure makes the books inside the transaction where there are none, and
// brings older ones forward. present is what Present returned.
func Ensure(ctx context.Context, tx sqldb.Tx, dialect sqldb.Dialect, present int64) error {
	switch {
	case present == Version:
		return nil
	case present > Version:
		return NewerError(present)
	}
	statements, err := DDL(dialect)
	if present > 0 {
		statements, err = forward(dialect, present)
	}
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			if dialect.Classify(err).Denied {
				return fmt.Errorf("may not create Landfall's tables: have a DBA run what `landfall ledger ddl --role USER` prints, with the name of this user, who gets the rights that runs need: %w", err)
			}
			return fmt.Errorf("creating the books: %w", err)
		}
	}
	return nil
}
