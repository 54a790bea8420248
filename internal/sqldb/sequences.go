package sqldb

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoSequence says that a sequence does not exist or may not be seen.
var ErrNoSequence = errors.New("no such sequence")

// Sequences is implemented by the DBs of databases that have sequences of their
// own, apart from columns.
type Sequences interface {
	// Sequence finds a sequence by its name and returns it ready for
	// Column.Sequence, or ErrNoSequence, wrapped with a near name when there is
	// one.
	Sequence(ctx context.Context, name string) (string, error)
}

// FindSequence finds a named sequence where the database has such.
func FindSequence(ctx context.Context, db DB, name string) (string, error) {
	sequences, ok := db.(Sequences)
	if !ok {
		return "", fmt.Errorf("%w: %s: this database has no sequences with names", ErrNoSequence, name)
	}
	return sequences.Sequence(ctx, name)
}
