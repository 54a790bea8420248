package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"landfall/internal/sqldb"
)

// DefaultPatience is how long a target is put up with that does not answer, or not
// as it should, unless somebody says otherwise.
const DefaultPatience = 10 * time.Minute

// Loader lands batches in transactions of its own connection and tries again
// what may be tried again. It is used by one goroutine.
type Loader struct {
	// Open makes a new connection; it is asked again when one was lost.
	Open func(ctx context.Context) (sqldb.DB, error)
	// Patience is how long transient faults are put up with before they break the
	// run; 0 means DefaultPatience.
	Patience time.Duration
	// Waiting is told before each new try, so that what waits is never silent;
	// may be nil.
	Waiting func(fault sqldb.Fault, in time.Duration)
	// Dialect judges errors of opening a connection; may be nil.
	Dialect sqldb.Dialect

	db sqldb.DB
}

// Transactions is what carries batches: a Loader, or a rehearsal's one
// transaction that is rolled back at the end.
type Transactions interface {
	Land(ctx context.Context, within func(context.Context, Attempt) error, settled func(context.Context, sqldb.Tx) (bool, error)) error
	Look(ctx context.Context, within func(context.Context, sqldb.Tx) error) error
}

// Rehearsal carries all batches in one transaction that its holder rolls back.
type Rehearsal struct{ Tx sqldb.Tx }

// Land implements Transactions.
func (r Rehearsal) Land(ctx context.Context, within func(context.Context, Attempt) error, _ func(context.Context, sqldb.Tx) (bool, error)) error {
	return within(ctx, Attempt{Tx: r.Tx})
}

// Look implements Transactions.
func (r Rehearsal) Look(ctx context.Context, within func(context.Context, sqldb.Tx) error) error {
	return within(ctx, r.Tx)
}

// Attempt is one try at a batch. Careful is set once a commit was refused for
// the content of rows: then each row must be judged before the commit.
type Attempt struct {
	Tx      sqldb.Tx
	Careful bool
}

// Land runs within in a transaction and commits it. within may run more than
// once, each time in a new transaction. When the answer to a commit is lost,
// settled asks on a new connection whether it went through.
func (l *Loader) Land(ctx context.Context, within func(context.Context, Attempt) error, settled func(context.Context, sqldb.Tx) (bool, error)) error {
	careful, ask := false, false
	return l.patiently(ctx, func() error { return l.attempt(ctx, within, settled, &careful, &ask) })
}

// patiently does work again for as long as what it meets is transient.
func (l *Loader) patiently(ctx context.Context, work func() error) error {
	var fault sqldb.Fault // what the last try met, read while there was a connection to ask
	try := func() (struct{}, error) {
		var nothing struct{}
		err := work()
		if err == nil {
			return nothing, nil
		}
		if ctx.Err() != nil {
			return nothing, backoff.Permanent(err)
		}
		if fault = l.classify(err); fault.Lost {
			l.drop(ctx)
		} else if !fault.Transient {
			return nothing, backoff.Permanent(err)
		}
		return nothing, err
	}
	notify := func(_ error, in time.Duration) {
		if l.Waiting != nil {
			l.Waiting(fault, in)
		}
	}
	patience := cmp.Or(l.Patience, DefaultPatience)
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, 10*time.Second
	_, err := backoff.Retry(ctx, try, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(patience), backoff.WithNotify(notify))
	return err
}

func (l *Loader) attempt(ctx context.Context, within func(context.Context, Attempt) error, settled func(context.Context, sqldb.Tx) (bool, error), careful, ask *bool) error {
	db, err := l.DB(ctx)
	if err != nil {
		return err
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if *ask {
		done, err := settled(ctx, tx)
		if err != nil || done {
			return err
		}
		*ask = false
	}
	if err := within(ctx, Attempt{Tx: tx, Careful: *careful}); err != nil {
		return err
	}
	err = tx.Commit(context.WithoutCancel(ctx))
	if err == nil {
		return nil
	}
	fault := l.classify(err)
	if fault.Lost {
		*ask = true
		return err
	}
	if fault.Code != "" && !*careful {
		*careful = true
		return &refusedCommit{err}
	}
	return err
}

// refusedCommit is a commit refused for the content of rows: worth one more
// try, the careful way.
type refusedCommit struct{ err error }

func (e *refusedCommit) Error() string { return e.err.Error() }
func (e *refusedCommit) Unwrap() error { return e.err }

// unreachable marks an error from opening a connection.
type unreachable struct{ err error }

func (e *unreachable) Error() string { return e.err.Error() }
func (e *unreachable) Unwrap() error { return e.err }

func (l *Loader) classify(err error) sqldb.Fault {
	var refused *refusedCommit
	if errors.As(err, &refused) {
		return sqldb.Fault{Transient: true, Message: "the commit was refused"}
	}
	if l.db == nil {
		// A connection that once was there and cannot be had again: the server may
		// be restarting. Wrong credentials will not get better.
		var closed *unreachable
		if errors.As(err, &closed) {
			if l.Dialect != nil && l.Dialect.Classify(err).Denied {
				return sqldb.Fault{Denied: true, Message: "the target does not let us in any more"}
			}
			return sqldb.Fault{Transient: true, Message: "the target cannot be reached"}
		}
		return sqldb.Fault{}
	}
	return l.db.Dialect().Classify(err)
}

// DB is the loader's connection, opened when there is none.
func (l *Loader) DB(ctx context.Context) (sqldb.DB, error) {
	if l.db == nil {
		db, err := l.Open(ctx)
		if err != nil {
			return nil, &unreachable{fmt.Errorf("connecting to the target: %w", err)}
		}
		l.db = db
	}
	return l.db, nil
}

// Look runs a reading transaction on the loader's connection. within may run
// more than once.
func (l *Loader) Look(ctx context.Context, within func(context.Context, sqldb.Tx) error) error {
	return l.patiently(ctx, func() error {
		db, err := l.DB(ctx)
		if err != nil {
			return err
		}
		tx, err := db.Snapshot(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx))
		return within(ctx, tx)
	})
}

func (l *Loader) drop(ctx context.Context) {
	if l.db != nil {
		l.db.Close(context.WithoutCancel(ctx))
		l.db = nil
	}
}

// Close closes the connection.
func (l *Loader) Close(ctx context.Context) { l.drop(ctx) }
