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
	"landfall/internal/mapping"
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
	*Session
	m        *migration.Migration
	o        Options
	books    *books.Books
	ledger   *ledger.Ledger
	run      *ledger.Run
	entities []ledger.Entity
	resumed  bool
	outdated []string // what changed of inputs that the run has read to their end
	since    int64    // the last completed run before this one over all records; 0: none
	// rehearse is set when nothing may stay written, not even a counter moved.
	rehearse bool
	// expects is set when records are carried to the row that must stand for them
	// and no further: everything has landed that will.
	expects bool
	// shadow is what a run writes to that is only foreseen; nil otherwise.
	shadow *shadow
	// traced is told of each batch that has its end; may be nil.
	traced     func(*landing)
	held       *held // a rehearsal's traces; nil otherwise
	notFound   []record.Ref
	outOfReach []OutOfReach
	spaces     []*keySpace
	gauges     []*gauge // of the tables that are measured before and after the run
	telling    sync.Mutex
	warned     bool        // of the index that is missing
	contended  atomic.Bool // a try was lost to other sessions' locks
	writing    sync.Mutex  // held by a lane that writes to books which one connection can write to at a time
	unreached  error       // why a rehearsal could not ask the API what it holds
	madeUp     int64       // keys that a rehearsal made up
	budget     *budget     // over all entities that have none of their own; made when the first of them asks
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
	gentle := NewGentle(m.Target.Throttle)
	if o.Records == 0 {
		o.Records = gentle.neighbour.records(defaultRecords(m))
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Mode == "" {
		o.Mode = target.Full
	}
	if err := refuseOfAPI(m, &o); err != nil {
		return nil, err
	}
	o.Fingerprint = o.Fingerprint || o.Mode == target.InsertOnly && m.API() == nil
	b, err := books.New(m.Looker().Dialect())
	if err != nil {
		return nil, err
	}
	r := newRunner(m, o, b)
	r.Gentle = gentle
	loader := &target.Loader{Open: m.OpenTarget, Dialect: b.Dialect(), Patience: o.Patience, Waiting: r.waiting}
	defer loader.Close(context.WithoutCancel(ctx))
	r.Loader = loader
	if err := r.refuseEarly(ctx, mustResume); err != nil {
		return nil, err
	}
	r.Gate = o.Gate(b, m, mustResume)
	if err := r.Gate.Open(ctx, m.Looker()); err != nil {
		return nil, err
	}
	if err := r.askAPI(ctx); err != nil {
		return nil, err
	}
	if err := r.mayTakeIndexes(ctx); err != nil {
		return nil, err
	}
	if err := r.Gentle.Ask(ctx, m, m.Looker()); err != nil {
		return nil, err
	}
	wanted, entities, err := r.wants(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.judgeKeys(ctx, entities); err != nil {
		return nil, err
	}
	if err := PrepareBooks(ctx, m.Looker()); err != nil {
		return nil, err
	}
	defer r.Release()
	if err := r.begin(ctx, wanted, entities, mustResume); err != nil {
		return nil, err
	}
	return r.carryOn(ctx)
}

func newRunner(m *migration.Migration, o Options, b *books.Books) *runner {
	r := &runner{Session: &Session{Target: m}, m: m, o: o, books: b}
	if b != nil {
		r.ledger = ledger.New(b)
	}
	r.Tell, r.Point = r.tell, r.point
	return r
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

// begin takes the lease, and starts or resumes the run.
func (r *runner) begin(ctx context.Context, wanted *ledger.Run, entities []ledger.Entity, mustResume bool) error {
	if err := r.refuseGroups(ctx, wanted.Migration); err != nil {
		return err
	}
	err := r.Begin(ctx, r.books, wanted.Migration, func(ctx context.Context, tx sqldb.Tx) (string, error) {
		// A new run is written with its slices in one transaction; should its
		// commit's answer be lost, the next try finds it and resumes it.
		var err error
		if r.resumed, err = r.startOrResume(ctx, tx, wanted, entities, mustResume); err != nil {
			return "", err
		}
		return r.run.Name, nil
	})
	// What has ended is not read again, as it would not have been had the run
	// not been broken off.
	for _, change := range r.outdated {
		r.tell(Event{Kind: EventWarning, Message: "changed since it was read to its end: " + change + "; this run does not read it again, the next one does"})
	}
	return err
}

// carryOn runs the entities one after another and closes the run.
func (r *runner) carryOn(ctx context.Context) (*Result, error) {
	r.o.Mode = target.Mode(r.run.Mode)
	r.o.Limit, r.o.Records, r.o.Bytes = r.run.Options.Limit, r.run.Options.Records, r.run.Options.Bytes
	r.o.StartRows = r.run.Options.StartRows
	r.o.Only = refsOf(r.run.Options.Only)
	r.o.Fingerprint = r.run.Options.Fingerprint
	if r.o.StopAfter == nil && r.run.Options.StopAfter != "" {
		limit, err := mapping.ParseStopAfter(r.run.Options.StopAfter)
		if err != nil {
			return nil, fmt.Errorf("run %s: stop_after in the books: %w", r.run.Name, err)
		}
		r.o.StopAfter = &limit
	}
	stops, end := r.Stops(r.o.Stop)
	defer end()
	r.o.Stop = stops
	result := &Result{Run: r.run}
	stopped, err := r.Carry(ctx, r.run, r.resumed,
		func(ctx context.Context) error { return r.mendIndexes(ctx, r.runEntities(ctx, result)) },
		func(ctx context.Context, tx sqldb.Tx, state ledger.State, message string) error {
			return r.ledger.SetState(ctx, tx, r.run.ID, state, message)
		})
	result.Stopped = stopped
	return result, err
}

func (r *runner) runEntities(ctx context.Context, result *Result) error {
	if err := r.openSpaces(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(r.o.TempDir, "landfall-")
	if err != nil {
		return fmt.Errorf("a place to spill to: %w", err)
	}
	defer os.RemoveAll(dir)
	err = r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		r.since, err = r.ledger.LastOverAll(ctx, tx, r.run)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.tellLeftIndexes(ctx); err != nil {
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
	if err := r.measure(ctx, ledger.MomentAfter); err != nil {
		return err
	}
	return r.reckon(ctx)
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
	if refusal, _ := r.Gate.Refused(); refusal != nil {
		return true
	}
	select {
	case <-r.o.Stop:
		return true
	default:
		return false
	}
}
