// Package target is landing records. Table, and Inserts in it, is the narrow half that a connector
// writes; the portable half decides what a record's end is (Decide), lands
// batches in transactions that may be tried again (Loader), and remembers when
// to go the careful way (Pace).
package target

import (
	"context"
	"errors"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Inserts lands new rows in one table, inside transactions that its caller holds,
// and looks at those that are there. It is all that a wave has: nothing in it
// changes or deletes a row. Every method that returns an error leaves the
// transaction fit only for being rolled back; refused rows leave it as if they
// had never been sent.
type Inserts interface {
	// Insert writes rows, each with its values in the order of columns. The
	// straight way is one bulk copy; when the database refuses it, or when careful
	// is set, each row is judged on its own and those that are refused are told.
	Insert(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, rows [][]record.Value, careful bool) (Landed, error)
	// Fetch reads columns of the rows with the given keys, in the form that
	// Type.Fit gives, and keeps them from changing when lock is set, where it may
	// lock. The answer has nil where there is no such row.
	Fetch(ctx context.Context, tx sqldb.Tx, keys [][]record.Value, columns []sqldb.Column, lock bool) ([][]record.Value, error)
	// Match finds the rows in which the columns hold the given values. Values that
	// are NULL match nobody.
	Match(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, tuples [][]record.Value) ([]Matched, error)
	// Fingerprint is the checksum over the rows with the given keys, whole: all
	// columns of the table, whoever writes them. Keys that are not there count
	// nothing.
	Fingerprint(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) (record.Fingerprint, error)
	// FingerprintAll is the checksum over all rows of the table. Both are taken in
	// the same way for as long as the table's columns stay what they are.
	FingerprintAll(ctx context.Context, tx sqldb.Tx) (record.Fingerprint, error)
	// AdvanceSequences moves the counters behind the columns past the highest value.
	// ErrCounter says that this user may not; the transaction goes on.
	AdvanceSequences(ctx context.Context, tx sqldb.Tx) error
}

// ErrCounter says that a counter of the target is out of a user's reach.
var ErrCounter = errors.New("this user may not move a counter")

// ErrNotLooked says that an API refuses what it was asked to look for: it can be
// reached, and asking again will not help.
var ErrNotLooked = errors.New("the API refuses the look-up")

// ErrDenied says that an API does not let us in, or not do what was asked: trying
// again will not help.
var ErrDenied = errors.New("access denied")

// Table is Inserts for who may change and delete rows, too.
type Table interface {
	Inserts
	// Update rewrites the columns of the rows with the given keys. A row whose key
	// is not there is refused with record.CodeMissing.
	Update(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, rows []Change) (Landed, error)
	// Delete removes the rows with the given keys, all in one statement, so that
	// they may refer to each other. It is an error when one of them stays.
	Delete(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) error
	// Referring lists the keys of the rows in which the column holds one of the
	// values.
	Referring(ctx context.Context, tx sqldb.Tx, column sqldb.Column, values []record.Value) ([][]record.Value, error)
}

// Change is a row to rewrite: its key as it is now, and the new values.
type Change struct {
	Key    []record.Value
	Values []record.Value
}

// Landed tells what became of the rows that were sent.
type Landed struct {
	Refused []Refusal // in the order of the rows
	Careful bool      // whether rows were judged one by one
}

// Refusal is the database's word on one row.
type Refusal struct {
	Row     int // its place among the rows sent
	Code    record.Code
	Columns []string
	Message string
	// Holder is the key of the row that holds the value already, as
	// record.JoinKey text, where a unique rule refused; else empty.
	Holder string
}

// Matched tells how many rows match a tuple, and the key of the only one.
type Matched struct {
	Count int64
	Key   []record.Value
	// Refused is why an API does not look for the tuple, without values: whether
	// something matches is not known, and asking again is no use. Empty: it was
	// looked for.
	Refused string
}
