package rollback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// runner carries one rollback.
type runner struct {
	end    *migration.TargetEnd
	o      Options
	books  *books.Books
	ledger *ledger.Ledger
	lease  *books.Lease
	loader target.Transactions
	gentle run.Gentle

	run      *ledger.Run
	undone   *ledger.Run
	entities []*entityUndo // in the order of undoing
	later    []*ledger.Run // loads after the undone one, oldest first
	before   bool          // the run was rolled back before, in part
	resumed  bool
	only     map[record.Ref]bool // whether it was found; nil: all
}

// Rollback undoes a run, or goes on with the unfinished rollback of it. The
// result is there, as far as it got, even beside an error.
func Rollback(ctx context.Context, end *migration.TargetEnd, o Options) (*Result, error) {
	return carry(ctx, end, o, false)
}

// Resume goes on with the unfinished rollback, with the options it was started
// with.
func Resume(ctx context.Context, end *migration.TargetEnd, o Options) (*Result, error) {
	return carry(ctx, end, o, true)
}

func newRunner(end *migration.TargetEnd, o Options) (*runner, error) {
	b, err := books.New(end.Looker().Dialect())
	if err != nil {
		return nil, err
	}
	return &runner{end: end, o: o, books: b, ledger: ledger.New(b)}, nil
}

func carry(ctx context.Context, end *migration.TargetEnd, o Options, mustResume bool) (*Result, error) {
	r, err := newRunner(end, o)
	if err != nil {
		return nil, err
	}
	loader := &target.Loader{Open: end.OpenTarget, Dialect: r.books.Dialect(), Patience: o.Patience, Waiting: r.waiting}
	defer loader.Close(context.WithoutCancel(ctx))
	r.loader, r.gentle = loader, run.NewGentle(end.Target.Throttle)
	if err := r.gentle.Ask(ctx, end, end.Looker()); err != nil {
		return nil, err
	}
	if err := run.PrepareBooks(ctx, end.Looker()); err != nil {
		return nil, err
	}
	if err := r.begin(ctx, mustResume); err != nil {
		r.release()
		return nil, err
	}
	result, err := r.carryOn(ctx)
	r.release()
	return result, err
}

// Rehearse does all that a rollback does, the deleting included, in one
// transaction that is rolled back: it leaves no row changed. It holds locks and
// one connection while it lasts. look sees what it came to.
func Rehearse(ctx context.Context, end *migration.TargetEnd, o Options, look Look) (*Result, error) {
	r, err := newRunner(end, o)
	if err != nil {
		return nil, err
	}
	if err := run.PrepareBooks(ctx, end.Looker()); err != nil {
		return nil, err
	}
	db, err := end.OpenTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close(context.WithoutCancel(ctx))
	tx, err := db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	r.loader = target.Rehearsal{Tx: tx}
	if err := r.begin(ctx, false); err != nil {
		return nil, err
	}
	result := r.result()
	if err := r.undoAll(ctx, result); err != nil {
		return result, fmt.Errorf("rehearsing: %w", err)
	}
	return result, look(ctx, tx, r.ledger, r.run)
}

func (r *runner) result() *Result {
	return &Result{Run: r.run, Undone: r.undone, Counts: ledger.Counts{}}
}

// begin takes the lease, and starts or resumes the rollback.
func (r *runner) begin(ctx context.Context, mustResume bool) error {
	migration := r.end.File.Name
	err := r.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		lease, err := run.TakeLease(ctx, a.Tx, r.books, migration)
		r.lease = lease
		return err
	}, func(ctx context.Context, tx sqldb.Tx) (bool, error) { return r.lease.Settle(ctx, tx) })
	if err != nil {
		r.lease = nil
		return err
	}
	return r.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := r.lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		// Should the commit's answer be lost, the next try finds the rollback and
		// resumes it.
		if err := r.startOrResume(ctx, a.Tx, mustResume); err != nil {
			return err
		}
		return r.lease.Renew(ctx, a.Tx, r.run.Name)
	}, r.again)
}

// carryOn undoes the entities one after another and closes the rollback.
func (r *runner) carryOn(ctx context.Context) (*Result, error) {
	result := r.result()
	kind := run.EventRunStarted
	if r.resumed {
		kind = run.EventRunResumed
	}
	r.tell(run.Event{Kind: kind})
	r.point(run.PointStarted)

	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	keeper := run.KeepLease(r.end.OpenTarget, r.lease, r.run.Name, func(err error) { lost(err) }, func(err error) {
		r.tell(run.Event{Kind: run.EventWarning, Message: fmt.Sprintf("the lease could not be renewed, and ends after %d seconds: %v; trying again", books.LeaseSeconds, err)})
	})
	defer keeper.End()

	watching, unwatch := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.gentle.Watch(watching, r.end)
	}()
	err := r.undoAll(ctx, result)
	unwatch()
	<-watched
	if cause := context.Cause(ctx); err != nil && cause != nil && errors.Is(cause, books.ErrLeaseLost) {
		err = cause
	}
	state, message := ledger.Completed, ""
	switch {
	case errors.Is(err, errStopped):
		state, result.Stopped, err = ledger.Interrupted, true, nil
	case err != nil:
		state, message = ledger.Broken, err.Error()
	}
	if errors.Is(err, books.ErrLeaseLost) {
		return result, err // the books are somebody else's now
	}
	if state == ledger.Completed {
		r.point(run.PointRunEnd)
	}
	limit := time.Minute
	if err != nil {
		limit = 5 * time.Second // it is broken already; at worst the books go on saying "running"
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	closeErr := r.loader.Land(closing, func(ctx context.Context, a target.Attempt) error { return r.close(ctx, a.Tx, state, message, result) }, r.again)
	if err == nil {
		err = closeErr
	}
	r.run.State, r.run.Error = state, message
	if err == nil {
		r.point(run.PointArtefacts)
	}
	r.tell(run.Event{Kind: run.EventRunEnded, Message: string(state)})
	return result, err
}

// close notes where the rollback stands and, when it has come to its end, what
// became of the run.
func (r *runner) close(ctx context.Context, tx sqldb.Tx, state ledger.State, message string, result *Result) error {
	if err := r.lease.Check(ctx, tx); err != nil {
		return err
	}
	if err := r.ledger.SetState(ctx, tx, r.run.ID, state, message); err != nil || state != ledger.Completed {
		return err
	}
	became := r.undone.State
	left := result.Counts[record.Kept] + result.Counts[record.Blocked] + result.Counts[record.Failed]
	switch {
	case left == 0 && len(r.run.Options.Only) == 0:
		became = ledger.RolledBack
	case result.Counts[record.Reversed] > 0:
		became = ledger.PartlyRolledBack
	}
	return r.ledger.Turn(ctx, tx, r.undone.ID, became)
}

// undoAll undoes the run, group by group of entities that refer to each other.
func (r *runner) undoAll(ctx context.Context, result *Result) error {
	for _, group := range groupsOf(r.entities) {
		if err := group.undo(ctx); err != nil {
			return err
		}
	}
	for _, e := range r.entities {
		result.Counts.Add(e.counts)
	}
	for ref, found := range r.only {
		if !found {
			result.NotTouched = append(result.NotTouched, ref)
		}
	}
	return r.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := r.lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		return crosswalk.PutBackSuperseded(ctx, a.Tx, r.books, r.undone.ID)
	}, r.again)
}

// again settles work that may simply be done again, once a commit that may
// still be on its way has ended.
func (r *runner) again(ctx context.Context, tx sqldb.Tx) (bool, error) {
	_, err := r.lease.Settle(ctx, tx)
	return false, err
}

// release gives the lease back, so that the next run need not wait; when that
// fails, the lease runs out by itself.
func (r *runner) release() {
	if r.lease == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = r.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error { return r.lease.Release(ctx, a.Tx) }, r.again)
}

// errStopped ends a rollback after the batch in hand because it was asked to.
var errStopped = errors.New("stopped")

func (r *runner) stopAsked() bool {
	select {
	case <-r.o.Stop:
		return true
	default:
		return false
	}
}

func (r *runner) waiting(fault sqldb.Fault, in time.Duration) {
	r.tell(run.Event{Kind: run.EventWaiting, Message: fmt.Sprintf("%s; trying again in %s", fault.Message, in.Round(time.Millisecond))})
}

func (r *runner) tell(event run.Event) {
	if r.o.Observe == nil {
		return
	}
	event.Time = time.Now()
	if r.run != nil {
		event.Run, event.Mode = r.run.Name, r.run.Mode
	}
	r.o.Observe(event)
}

func (r *runner) point(p run.Point) {
	if r.o.Points != nil {
		r.o.Points(p)
	}
}
