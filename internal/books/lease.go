package books

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"landfall/internal/sqldb"
)

// LeaseSeconds is how long a lease lives without being renewed. Holders renew
// it every third of that time.
const LeaseSeconds = 30

// ErrLeaseLost says that another worker took the lease: whoever gets it must
// write nothing more.
var ErrLeaseLost = errors.New("another worker took over this migration's lease")

// Lease is the right to write a migration's crosswalk and ledger.
type Lease struct {
	books     *Books
	Migration string
	Epoch     int64 // grows with every holder
	Process   string

	// seen is when a renewal was last known to be committed, in nanoseconds of
	// this process's clock.
	seen atomic.Int64
}

// Renewed notes that a renewal was committed.
func (l *Lease) Renewed() { l.seen.Store(time.Now().UnixNano()) }

// Keep is what a long transaction of the holder ends with: it renews the lease
// where nobody did for half its life. In a database with one writer at a time a
// renewal beside the transaction has to wait for its end, and the lease may
// have run out by then.
func (l *Lease) Keep(ctx context.Context, tx sqldb.Tx, run string) error {
	if time.Since(time.Unix(0, l.seen.Load())) < LeaseSeconds*time.Second/2 {
		return nil
	}
	return l.Renew(ctx, tx, run)
}

// Holder says who holds a lease.
type Holder struct {
	Migration  string
	Name       string // user@host
	Process    string // identifies the process on its machine
	Run        string
	AcquiredAt string
	ExpiresAt  string
}

// shownProcess is the part of Process that a person can look for: the rest tells
// boots, namespaces and reused numbers apart. Name says on which host it is.
func (h *Holder) shownProcess() string {
	_, rest, found := strings.Cut(h.Process, " pid ")
	if !found {
		return h.Process
	}
	pid, _, _ := strings.Cut(rest, " start ")
	return "pid " + pid
}

// HeldError refuses a second worker.
type HeldError struct{ Holder Holder }

// Error names who holds the lease and until when.
func (e *HeldError) Error() string {
	return fmt.Sprintf("migration %q is being run by %s (%s, run %s, since %s); its lease ends at %s unless renewed: wait for it or stop it first",
		e.Holder.Migration, e.Holder.Name, e.Holder.shownProcess(), e.Holder.Run, e.Holder.AcquiredAt, e.Holder.ExpiresAt)
}

// Acquire takes the lease inside the transaction. It waits for batches that
// another holder has in flight. gone tells whether a holder's process is known
// to have ended, so that its lease need not run out first.
func (b *Books) Acquire(ctx context.Context, tx sqldb.Tx, migration, name, process string, gone func(Holder) bool) (*Lease, error) {
	if _, err := b.Exec(ctx, tx, "INSERT INTO {lease} (migration, epoch) VALUES (?, 0) ON CONFLICT (migration) DO NOTHING", migration); err != nil {
		return nil, err
	}
	row, _, err := b.One(ctx, tx, "SELECT epoch, holder, process, run_name, acquired_at, expires_at, CASE WHEN expires_at > "+b.Now(0)+
		" THEN 1 ELSE 0 END FROM {lease} WHERE migration = ?"+b.dialect.LockRows(), migration)
	if err != nil {
		return nil, err
	}
	holder := Holder{
		Migration: migration, Name: row[1].String(), Process: row[2].String(), Run: row[3].String(),
		AcquiredAt: row[4].String(), ExpiresAt: row[5].String(),
	}
	if !row[1].IsNull() && row[6].Int() == 1 && !gone(holder) {
		return nil, &HeldError{Holder: holder}
	}
	lease := &Lease{books: b, Migration: migration, Epoch: row[0].Int() + 1, Process: process}
	lease.Renewed()
	_, err = b.Exec(ctx, tx, "UPDATE {lease} SET epoch = ?, holder = ?, process = ?, run_name = NULL, acquired_at = "+b.Now(0)+
		", expires_at = "+b.Now(LeaseSeconds)+" WHERE migration = ?", lease.Epoch, name, process, migration)
	return lease, err
}

// Stale reports whether nobody holds the migration's lease for a run that is
// noted as running: it was given up, it has run out, or its holder's process is
// known to have ended.
func (b *Books) Stale(ctx context.Context, tx sqldb.Tx, migration string, gone func(Holder) bool) (stale bool, err error) {
	row, found, err := b.One(ctx, tx, "SELECT holder, process, CASE WHEN expires_at > "+b.Now(0)+" THEN 1 ELSE 0 END FROM {lease} WHERE migration = ?", migration)
	if err != nil || !found || row[0].IsNull() || row[2].Int() == 0 {
		return err == nil, err
	}
	return gone(Holder{Migration: migration, Name: row[0].String(), Process: row[1].String()}), nil
}

// Check is part of every batch's transaction: it returns ErrLeaseLost when the
// lease has another holder by now, and keeps it from changing hands until the
// transaction ends.
func (l *Lease) Check(ctx context.Context, tx sqldb.Tx) error {
	row, found, err := l.books.One(ctx, tx, "SELECT epoch FROM {lease} WHERE migration = ?"+l.books.own.LockLease(), l.Migration)
	if err != nil {
		return err
	}
	if !found || row[0].Int() != l.Epoch {
		return ErrLeaseLost
	}
	return nil
}

// Settle is asked on a new connection after the answer to a commit was lost,
// and reports whether the lease is held. The commit may still be on its way: it
// has the lease's row locked, as every transaction of a run has, so Settle
// waits for it, and what the transaction sees from here on is final.
func (l *Lease) Settle(ctx context.Context, tx sqldb.Tx) (held bool, err error) {
	row, found, err := l.books.One(ctx, tx, "SELECT epoch, process FROM {lease} WHERE migration = ?"+l.books.dialect.LockRows(), l.Migration)
	if err != nil || !found {
		return false, err
	}
	// The epoch alone does not tell: when our commit did not go through, somebody
	// else may have been given the same one.
	return row[0].Int() == l.Epoch && row[1].String() == l.Process, nil
}

// Renew moves the end of the lease and notes the run it is held for.
func (l *Lease) Renew(ctx context.Context, tx sqldb.Tx, run string) error {
	changed, err := l.books.Exec(ctx, tx, "UPDATE {lease} SET run_name = ?, expires_at = "+l.books.Now(LeaseSeconds)+
		" WHERE migration = ? AND epoch = ?", run, l.Migration, l.Epoch)
	if err == nil && changed == 0 {
		err = ErrLeaseLost
	}
	return err
}

// Release gives the lease back; the epoch stays.
func (l *Lease) Release(ctx context.Context, tx sqldb.Tx) error {
	_, err := l.books.Exec(ctx, tx, "UPDATE {lease} SET holder = NULL, process = NULL, run_name = NULL, expires_at = NULL WHERE migration = ? AND epoch = ?",
		l.Migration, l.Epoch)
	return err
}
