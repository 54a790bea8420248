package entries

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Options say how entries are taken in.
type Options struct {
	// Patience is how long transient faults of the target are put up with.
	Patience time.Duration
	// MovedFrom is the identity of the database that a backup is of, where it is
	// not this one's: that one was moved or restored to this place.
	MovedFrom string
	TempDir   string            // where what does not fit in memory is put
	Told      Told              // may be nil
	Warn      func(text string) // may be nil
	Points    func(run.Point)   // for tests that break it off at a named place; may be nil
}

// The points that taking entries passes, in their order.
const (
	PointChunk run.Point = "entries-written" // a chunk of entries is written, and not committed
)

// Points lists them.
var Points = []run.Point{run.PointBegun, PointChunk, run.PointLedger, run.PointCommitted}

// errNothing ends a transaction that had nothing to write.
var errNothing = errors.New("nothing to write")

// taking brings entries into the crosswalk in one transaction, together with the
// run that tells of it: either all of it is there, or nothing.
type taking struct {
	*run.Session
	end    *migration.TargetEnd
	o      Options
	books  *books.Books
	ledger *ledger.Ledger
	what   string // is being done, for who finds the lease held

	// Of the attempt that goes on:
	tx      sqldb.Tx
	run     *ledger.Run
	ordinal map[[2]int64]int64 // the next batch of an entity's slice
}

func newTaking(end *migration.TargetEnd, o Options, what string) (*taking, error) {
	b, err := books.New(end.Looker().Dialect())
	if err != nil {
		return nil, err
	}
	t := &taking{Session: &run.Session{Target: end}, end: end, o: o, books: b, ledger: ledger.New(b), what: what}
	actor, host := run.HolderName()
	t.Gate = guard.NewGate(b, guard.RulesOf(end.File, end.Target, end.Looker()), guard.Asking{Actor: actor, Host: host, Command: what, Migration: end.File.Name, Unplanned: true})
	t.Tell = func(run.Event) {}
	t.Point = func(p run.Point) {
		if o.Points != nil {
			o.Points(p)
		}
	}
	return t, nil
}

// carry does the work in one transaction under the lease. work may run more
// than once, each time from the start.
func (t *taking) carry(ctx context.Context, work func(ctx context.Context) error) error {
	if err := t.Gate.Open(ctx, t.end.Looker()); err != nil {
		return err
	}
	loader := &target.Loader{Open: t.end.OpenTarget, Dialect: t.books.Dialect(), Patience: t.o.Patience, Waiting: func(fault sqldb.Fault, in time.Duration) {
		t.warn("%s; trying again in %s", fault.Message, in.Round(time.Millisecond))
	}}
	defer loader.Close(context.WithoutCancel(ctx))
	t.Loader = loader
	if err := run.PrepareBooks(ctx, t.end.Looker()); err != nil {
		return err
	}
	defer t.Release()
	if err := t.Begin(ctx, t.books, t.end.File.Name, t.mayBegin); err != nil {
		return err
	}
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	// A database with one writer at a time renews when the transaction ends.
	keeper := run.KeepLease(t.end.OpenTarget, t.Lease, t.what, func(err error) { lost(err) }, func(error) {})
	defer keeper.End()
	t.Point(run.PointBegun)
	err := loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		t.tx, t.run, t.ordinal = a.Tx, nil, map[[2]int64]int64{}
		if err := t.Check(ctx, a.Tx); err != nil {
			return err
		}
		if err := work(ctx); err != nil {
			return err
		}
		if err := t.Check(ctx, a.Tx); err != nil { // it may have taken long
			return err
		}
		if err := t.Gate.Ended(ctx, a.Tx, t.run.Name, guard.Completed, nil); err != nil {
			return err
		}
		if err := t.Lease.Keep(ctx, a.Tx, t.what); err != nil {
			return err
		}
		t.Point(run.PointLedger)
		return nil
	}, t.settled)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, books.ErrLeaseLost) {
		err = cause
	}
	if err != nil {
		return errors.Join(err, t.nothingDone(ctx, err))
	}
	t.Point(run.PointCommitted)
	return nil
}

// rehearse does all that carry does in one transaction that is rolled back, the
// making of books included; it leaves nothing.
func (t *taking) rehearse(ctx context.Context, work func(ctx context.Context) error) error {
	present, err := books.Present(ctx, t.end.Looker())
	if err != nil {
		return err
	}
	db, err := t.end.OpenTarget(ctx)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	if t.tx, err = db.Begin(ctx); err != nil {
		return err
	}
	defer t.tx.Rollback(context.WithoutCancel(ctx))
	if err := books.Ensure(ctx, t.tx, t.books.Dialect(), present); err != nil {
		return err
	}
	if t.Lease, err = run.TakeLease(ctx, t.tx, t.books, t.end.File.Name); err != nil {
		return err
	}
	if _, err := t.mayBegin(ctx, t.tx); err != nil {
		return err
	}
	t.ordinal = map[[2]int64]int64{}
	return work(ctx)
}

// nothingDone tells the gate how work ended that wrote nothing.
func (t *taking) nothingDone(ctx context.Context, err error) error {
	outcome := guard.Interrupted // as if it had not been asked for
	if errors.Is(err, errNothing) {
		outcome = guard.Completed
	}
	var refusal *guard.Refusal
	errors.As(err, &refusal)
	if !t.Gate.Protects() || errors.Is(err, books.ErrLeaseLost) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return t.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		return t.Gate.Ended(ctx, a.Tx, t.what, outcome, refusal)
	}, t.Again)
}

func (t *taking) warn(format string, args ...any) {
	if t.o.Warn != nil {
		t.o.Warn(fmt.Sprintf(format, args...))
	}
}

// mayBegin refuses to write beside a run that is not finished: it would resume
// as if nothing had come between.
func (t *taking) mayBegin(ctx context.Context, tx sqldb.Tx) (string, error) {
	runs, err := t.ledger.Runs(ctx, tx, t.end.File.Name)
	if err == nil && len(runs) > 0 && runs[0].State.Resumable() {
		err = refusedf("run %s is not finished: go on with it by `landfall resume`, or end it by `landfall abandon %[1]s`", runs[0].Name)
	}
	return t.what, err
}

// settled finds out whether a commit went through whose answer was lost.
func (t *taking) settled(ctx context.Context, tx sqldb.Tx) (bool, error) {
	held, err := t.Lease.Settle(ctx, tx)
	if err != nil {
		return false, err
	}
	if !held {
		return false, books.ErrLeaseLost
	}
	// Nobody else has written a run since: the lease was ours.
	_, there, err := t.books.One(ctx, tx, "SELECT 1 FROM {run} WHERE id = ? AND name = ? AND mode = ? AND state = ?", t.run.ID, t.run.Name, t.run.Mode, string(ledger.Completed))
	return there, err
}

// start writes the run that tells of what is taken.
func (t *taking) start(ctx context.Context, mode string, taken ledger.Taken, entities []ledger.Entity) error {
	actor, host := run.HolderName()
	t.run = &ledger.Run{
		Migration: t.end.File.Name, Mode: mode, Actor: actor, Host: host,
		MappingHash: t.end.File.Hash, Mapping: t.end.File.Describe(),
		Options: ledger.Options{Records: chunk, Target: t.end.Target.Name, Taken: &taken},
	}
	return t.ledger.Start(ctx, t.tx, t.run, entities)
}

// tell writes what became of entries into the ledger, as a batch of a slice.
func (t *taking) tell(ctx context.Context, entityID int64, slice int, lines []ledger.Line) error {
	digest := sha256.New()
	for i := range lines {
		fmt.Fprintf(digest, "%s\x00%d\n", lines[i].Key, lines[i].Number)
	}
	at := [2]int64{entityID, int64(slice)}
	marker := &ledger.Marker{
		Place: ledger.Place{RunID: t.run.ID, EntityID: entityID, Slice: slice, Ordinal: t.ordinal[at]},
		Start: "{}", End: "{}", Digest: digest.Sum(nil), Epoch: t.Lease.Epoch,
	}
	t.ordinal[at]++
	if err := t.ledger.Write(ctx, t.tx, marker, lines); err != nil {
		return fmt.Errorf("writing the ledger: %w", err)
	}
	t.Point(PointChunk)
	return nil
}

// complete ends the run.
func (t *taking) complete(ctx context.Context, entities []ledger.Entity) error {
	for _, e := range entities {
		for _, slice := range e.Slices {
			if _, err := t.ledger.Seal(ctx, t.tx, t.run.ID, e.ID, slice.Number); err != nil {
				return err
			}
		}
		if err := t.ledger.EndEntity(ctx, t.tx, t.run.ID, e.ID); err != nil {
			return err
		}
	}
	t.run.State = ledger.Completed
	return t.ledger.SetState(ctx, t.tx, t.run.ID, ledger.Completed, "")
}

// lineOf tells of an entry that a run takes in.
func lineOf(key, targetKey string, number, line int64, onTarget bool) ledger.Line {
	if !onTarget {
		return ledger.Line{Key: key, Number: number, Line: line, Disposition: record.Skipped}
	}
	return ledger.Line{Key: key, Number: number, Line: line, Disposition: record.Unchanged, TargetKey: targetKey}
}
