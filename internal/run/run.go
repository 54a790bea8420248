package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Errors of starting a run.
var (
	ErrNothingToResume = errors.New("there is no unfinished run of this migration to resume")
	ErrUnknownRun      = errors.New("unknown run")
)

// runner carries one run.
type runner struct {
	m        *migration.Migration
	o        Options
	books    *books.Books
	ledger   *ledger.Ledger
	lease    *books.Lease
	run      *ledger.Run
	entities []ledger.Entity
	loader   target.Transactions
	resumed  bool
	since    int64 // the last completed run before this one over all records; 0: none
	// rehearse is set when nothing may stay written, not even a counter moved.
	rehearse bool
	// expects is set when records are carried to the row that must stand for them
	// and no further: everything has landed that will.
	expects bool
	// traced is told of each batch that has its end; may be nil.
	traced     func(*landing)
	held       *held // a rehearsal's traces; nil otherwise
	notFound   []record.Ref
	outOfReach []OutOfReach
	gauges     []*gauge // of the tables that are measured before and after the run
	telling    sync.Mutex
	warned     bool // of the index that is missing
	// neighbour holds lanes back for the target's other users; nil where nobody
	// asks for it.
	neighbour *neighbour
	contended atomic.Bool // a try was lost to other sessions' locks
}

// again settles work that may simply be done again, once a commit that may
// still be on its way has ended.
func (r *runner) again(ctx context.Context, tx sqldb.Tx) (bool, error) {
	_, err := r.lease.Settle(ctx, tx)
	return false, err
}

// Run starts a run, or goes on with the unfinished one when it is the same.
// The result is there, as far as the run got, even beside an error.
func Run(ctx context.Context, m *migration.Migration, o Options) (*Result, error) {
	return carry(ctx, m, o, false)
}

// Resume goes on with the unfinished run, with the options it was started with.
func Resume(ctx context.Context, m *migration.Migration, o Options) (*Result, error) {
	return carry(ctx, m, o, true)
}

func carry(ctx context.Context, m *migration.Migration, o Options, mustResume bool) (*Result, error) {
	gentle := newNeighbour(m.Target.Throttle)
	if o.Records == 0 {
		o.Records = gentle.records(DefaultRecords)
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Mode == "" {
		o.Mode = target.Full
	}
	b, err := books.New(m.Looker().Dialect())
	if err != nil {
		return nil, err
	}
	r := &runner{m: m, o: o, books: b, ledger: ledger.New(b), neighbour: gentle}
	loader := &target.Loader{Open: m.OpenTarget, Dialect: b.Dialect(), Patience: o.Patience, Waiting: r.waiting}
	defer loader.Close(context.WithoutCancel(ctx))
	r.loader = loader
	if err := r.refuseEarly(ctx, mustResume); err != nil {
		return nil, err
	}
	if err := r.askTarget(ctx); err != nil {
		return nil, err
	}
	if err := PrepareBooks(ctx, m.Looker()); err != nil {
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

// refuseEarly refuses what can only go on from earlier runs where there were
// none, before books are made that nobody needs.
func (r *runner) refuseEarly(ctx context.Context, mustResume bool) error {
	if !mustResume && r.o.Retry == "" && !r.o.RetryOpen {
		return nil
	}
	present, err := books.Present(ctx, r.m.Looker())
	if err != nil || present > 0 {
		return err
	}
	if mustResume {
		return ErrNothingToResume
	}
	return fmt.Errorf("%w: migration %s has not been run yet", ErrUnknownRun, r.m.File.Name)
}

// askTarget finds out, before anything is written, whether the target suffers.
func (r *runner) askTarget(ctx context.Context) error {
	if r.neighbour == nil {
		return nil
	}
	why, err := r.m.Suffering(ctx, r.m.Looker())
	if err == nil {
		r.neighbour.note(why, nil)
	}
	return err
}

// begin makes the books, takes the lease, and starts or resumes the run.
func (r *runner) begin(ctx context.Context, mustResume bool) error {
	wanted, entities, err := r.wants(ctx)
	if err != nil {
		return err
	}
	if err := r.refuseGroups(ctx, wanted.Migration); err != nil {
		return err
	}
	err = r.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		lease, err := TakeLease(ctx, a.Tx, r.books, wanted.Migration)
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
		// A new run is written with its slices in one transaction; should its
		// commit's answer be lost, the next try finds it and resumes it.
		r.resumed, err = r.startOrResume(ctx, a.Tx, wanted, entities, mustResume)
		if err != nil {
			return err
		}
		return r.lease.Renew(ctx, a.Tx, r.run.Name)
	}, r.again)
}

// carryOn runs the entities one after another and closes the run.
func (r *runner) carryOn(ctx context.Context) (*Result, error) {
	r.o.Mode = target.Mode(r.run.Mode)
	r.o.Limit, r.o.Records, r.o.Bytes = r.run.Options.Limit, r.run.Options.Records, r.run.Options.Bytes
	r.o.Only = refsOf(r.run.Options.Only)
	r.o.Fingerprint = r.run.Options.Fingerprint
	result := &Result{Run: r.run}
	kind := EventRunStarted
	if r.resumed {
		kind = EventRunResumed
	}
	r.tell(Event{Kind: kind})
	r.point(PointStarted)

	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	keeper := KeepLease(r.m.OpenTarget, r.lease, r.run.Name, func(err error) { lost(err) }, func(err error) {
		r.tell(Event{Kind: EventWarning, Message: fmt.Sprintf("the lease could not be renewed, and ends after %d seconds: %v; trying again", books.LeaseSeconds, err)})
	})
	defer keeper.End()

	watching, unwatch := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.neighbour.watch(watching, r.m)
	}()
	err := r.runEntities(ctx, result)
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
		r.point(PointRunEnd)
	}
	limit := time.Minute
	if err != nil {
		limit = 5 * time.Second // the run is broken already; at worst the books go on saying "running"
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if closeErr := r.setState(closing, state, message); closeErr != nil && err == nil {
		err = closeErr
	}
	r.run.State, r.run.Error = state, message
	if err == nil {
		r.point(PointArtefacts)
	}
	r.tell(Event{Kind: EventRunEnded, Message: string(state)})
	return result, err
}

func (r *runner) setState(ctx context.Context, state ledger.State, message string) error {
	return r.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := r.lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		return r.ledger.SetState(ctx, a.Tx, r.run.ID, state, message)
	}, r.again)
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

// errStopped ends a run after the batch in hand because it was asked to.
var errStopped = errors.New("stopped")

func (r *runner) runEntities(ctx context.Context, result *Result) error {
	dir, err := os.MkdirTemp(r.o.TempDir, "landfall-")
	if err != nil {
		return fmt.Errorf("a place to spill to: %w", err)
	}
	defer os.RemoveAll(dir)
	err = r.loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		r.since, err = r.ledger.LastOverAll(ctx, tx, r.run)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.openGauges(ctx); err != nil {
		return err
	}
	if err := r.measure(ctx, ledger.MomentBefore); err != nil {
		return err
	}
	taken := map[string]bool{}
	for i := range r.entities {
		if taken[r.entities[i].Name] {
			continue
		}
		c, err := r.circleOf(r.entities[i:], dir)
		if err != nil {
			return err
		}
		err = c.carry(ctx)
		for _, e := range c.members {
			taken[e.Name] = true
			if e.counts != nil {
				result.Entities = append(result.Entities, EntityResult{Name: e.Name, Counts: e.counts})
			}
		}
		if err != nil {
			return err
		}
	}
	result.NotFound, result.OutOfReach = r.notFound, r.outOfReach
	return r.measure(ctx, ledger.MomentAfter)
}

func (r *runner) waiting(fault sqldb.Fault, in time.Duration) {
	if fault.Contended {
		r.contended.Store(true)
	}
	r.tell(Event{Kind: EventWaiting, Message: fmt.Sprintf("%s; trying again in %s", fault.Message, in.Round(time.Millisecond))})
}

func (r *runner) tell(event Event) {
	if r.o.Observe == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	event.Time = time.Now()
	if r.run != nil {
		event.Run, event.Mode = r.run.Name, r.run.Mode
	}
	r.o.Observe(event)
}

func (r *runner) point(p Point) {
	if r.o.Points != nil {
		r.o.Points(p)
	}
}

func (r *runner) stopAsked() bool {
	select {
	case <-r.o.Stop:
		return true
	default:
		return false
	}
}
