// Package reconcile holds the books against the goods: it derives from source,
// mapping and crosswalk what the target must hold and compares it with what it
// holds. It reads the target's data and writes its own rows in the books alone.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
	"landfall/internal/verdict"
)

// Options say what is compared.
type Options struct {
	Run      string   // the run that is held against the target; empty: the newest, over all records
	Entities []string // these alone; empty means all
	Only     []record.Ref
	Sample   Sample
	Fresh    bool // begin anew, whatever was broken off
	// Live: people work in the target, so that rows that nobody owns are theirs.
	Live    bool
	Records int // batch limit; 0 means the default
	Lanes   int // connections that look side by side; 0 lets the database choose

	TempDir  string
	Patience time.Duration
	Observe  func(run.Event) // as of a run; may be nil
	Stop     <-chan struct{} // when closed, ends the work after the batches in hand
	Points   func(run.Point) // for tests that step in at a named place, those of reading and doubting among them; may be nil
}

// The points, in the order in which an entity passes them.
const (
	PointStarted run.Point = "reconcile-started"
	PointBatch   run.Point = "reconcile-batch" // a batch is judged, and noted or not
	PointNoted   run.Point = "reconcile-noted"
	PointStep    run.Point = "reconcile-step"
	PointEntity  run.Point = "reconcile-entity"
)

// Points lists them.
var Points = []run.Point{PointStarted, PointBatch, PointNoted, PointStep, PointEntity}

// ErrNothingRun says that no run has landed anything that could be compared.
var ErrNothingRun = errors.New("nothing has been run yet, so there is nothing to compare")

// Result is what a reconciliation found.
type Result struct {
	*verdict.Reconciliation
	Run      string // name of the run that it follows
	Entities []*verdict.Entity
	Resumed  bool
	Stopped  bool
	// Kept is false where the books may not be written: then the result is told
	// once and is not in them.
	Kept     bool
	NotFound []record.Ref // of Only, what the source does not hold
	// Balances are those of the target's tables, where they can be drawn.
	Balances []*verdict.Balance
	// Unfinished is set when the run that is compared with has not ended.
	Unfinished bool

	notes notes
}

// Differs reports whether anything is not as it must be.
func (r *Result) Differs() bool {
	return slices.ContainsFunc(r.Entities, func(e *verdict.Entity) bool { return e.Differences() > 0 }) ||
		slices.ContainsFunc(r.Balances, func(b *verdict.Balance) bool { return b.State == verdict.BalanceFailed })
}

// Each hands all differences to each, entity by entity.
func (r *Result) Each(ctx context.Context, each func(*verdict.Difference) error) error {
	return r.notes.each(ctx, each)
}

// Close gives back what the result holds.
func (r *Result) Close(ctx context.Context) error { return r.notes.close(ctx) }

// work is a reconciliation while it goes on.
type work struct {
	m        *migration.Migration
	o        Options
	x        *run.Expectation
	ledger   *ledger.Ledger
	of       *ledger.Run
	result   *Result
	notes    notes
	entities []*verdict.Entity
	whole    bool // all records of the source are compared
	live     bool
	wave     bool  // the source holds the records of one wave alone
	version  int64 // of the books, as far as they could be brought forward
	clock    clock
	anew     string // why a comparison that was broken off is not gone on with
}

// Run compares, or goes on with an unfinished comparison that is the same. The
// result is there, as far as it got, even beside an error; it is to be closed.
func Run(ctx context.Context, m *migration.Migration, o Options) (*Result, error) {
	present, err := books.Present(ctx, m.Looker())
	if err != nil {
		return nil, err
	}
	if present > books.Version {
		return nil, books.NewerError(present)
	}
	if present == 0 {
		return nil, ErrNothingRun
	}
	w := &work{m: m, o: o, version: present, live: o.Live || m.Target.Environment == mapping.Production}
	if err := w.findRun(ctx); err != nil {
		return nil, err
	}
	expect := run.ExpectOptions{Entities: o.Entities}
	expect.Only, expect.Limit, expect.Records = o.Only, w.of.Options.Limit, o.Records
	expect.Inputs, expect.TempDir, expect.Patience, expect.Observe, expect.Stop = w.of.Options.Inputs, o.TempDir, o.Patience, o.Observe, o.Stop
	expect.Points = o.Points
	if len(expect.Only) == 0 && o.Run != "" {
		for _, text := range w.of.Options.Only {
			if ref, ok := record.ParseRef(text); ok {
				expect.Only = append(expect.Only, ref)
			}
		}
	}
	w.whole = len(expect.Only) == 0 && expect.Limit == 0 && len(expect.Inputs) == 0
	if w.x, err = run.Expect(ctx, m, expect); err != nil {
		return nil, err
	}
	defer w.x.Close(ctx)
	if err := w.mayRead(ctx); err != nil {
		return nil, err
	}
	picks, err := o.Sample.picks(ctx, w.x)
	if err != nil {
		return nil, err
	}
	w.x.Pick(picks)
	if err := w.begin(ctx, expect.Only); err != nil {
		return nil, err
	}
	err = w.carry(ctx)
	return w.result, w.end(ctx, err)
}

// findRun finds the run that is compared with. Without a name it is the newest
// one, and all records are compared, whatever that run was over.
func (w *work) findRun(ctx context.Context) error {
	b, err := books.New(w.m.Looker().Dialect())
	if err != nil {
		return err
	}
	w.ledger = ledger.New(b)
	tx, err := w.m.Looker().Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	runs, err := w.ledger.Runs(ctx, tx, w.m.File.Name)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return ErrNothingRun
	}
	if w.o.Run == "" {
		w.of = &ledger.Run{ID: runs[0].ID, Name: runs[0].Name, State: runs[0].State}
		if at := slices.IndexFunc(runs, (*ledger.Run).Reads); at >= 0 {
			w.wave = runs[at].Mode == string(target.InsertOnly)
		}
		return nil
	}
	at := slices.IndexFunc(runs, func(r *ledger.Run) bool { return r.Name == w.o.Run })
	if at < 0 {
		return fmt.Errorf("%w: no run %s of migration %s in the books", run.ErrUnknownRun, w.o.Run, w.m.File.Name)
	}
	w.of, w.wave = runs[at], runs[at].Mode == string(target.InsertOnly)
	return nil
}

// begin writes a new reconciliation, or finds an unfinished one that is the same.
func (w *work) begin(ctx context.Context, only []record.Ref) error {
	wanted := &verdict.Reconciliation{
		Migration: w.m.File.Name, RunID: w.of.ID, MappingHash: w.m.File.Hash,
		Options: verdict.Options{
			Entities: w.o.Entities, Limit: w.of.Options.Limit, Inputs: w.of.Options.Inputs, Sample: w.o.Sample.String(), Live: w.live,
			Target: w.m.Target.Name, Records: w.o.Records,
		},
	}
	for _, ref := range only {
		wanted.Options.Only = append(wanted.Options.Only, ref.String())
	}
	wanted.Actor, wanted.Host = run.HolderName()
	var entities []*verdict.Entity
	for i, e := range w.x.Entities {
		entities = append(entities, &verdict.Entity{ID: e.Store().EntityID, Name: e.Name, Place: int64(i), Input: e.Facts(), Counts: map[string]int64{}})
	}
	w.result = &Result{Reconciliation: wanted, Run: w.of.Name, Unfinished: w.of.State.Resumable()}
	kept, err := w.openBooks(ctx, wanted, entities)
	if err != nil {
		return err
	}
	w.result.Kept, w.result.notes, w.result.Entities = kept, w.notes, w.entities
	if w.anew != "" {
		w.tell(run.Event{Kind: run.EventWarning, Message: w.anew})
	}
	kind := run.EventReconciling
	if w.result.Resumed {
		kind = run.EventRunResumed
	}
	w.tell(run.Event{Kind: kind})
	w.point(PointStarted)
	return nil
}

// carry compares one entity after another.
func (w *work) carry(ctx context.Context) error {
	for i, e := range w.x.Entities {
		if w.entities[i].Done {
			continue
		}
		c := &comparison{work: w, ExpectedEntity: e, stored: w.entities[i]}
		if err := c.carry(ctx); err != nil {
			if errors.Is(err, run.ErrStopped) {
				return err
			}
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		w.result.NotFound = append(w.result.NotFound, e.NotFound()...)
		if err := e.Close(); err != nil {
			return err
		}
		w.point(PointEntity)
	}
	return w.balances(ctx)
}

// end notes how it ended.
func (w *work) end(ctx context.Context, err error) error {
	state, message := verdict.Completed, ""
	switch {
	case errors.Is(err, run.ErrStopped):
		state, w.result.Stopped, err = verdict.Interrupted, true, nil
	case errors.Is(err, verdict.ErrTakenOver):
		return err // the row is somebody else's now
	case err != nil:
		state, message = verdict.Broken, err.Error()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	w.result.State, w.result.Error = state, message
	if endErr := w.notes.end(ctx, state, message); endErr != nil && err == nil {
		err = endErr
	}
	w.tell(run.Event{Kind: run.EventRunEnded, Message: string(state)})
	return err
}

func (w *work) tell(e run.Event) { w.x.Tell(w.result.Name, run.ModeReconcile, e) }

func (w *work) point(p run.Point) {
	if w.o.Points != nil {
		w.o.Points(p)
	}
}

// isDenied reports whether a right to write is missing.
func (w *work) isDenied(err error) bool {
	return err != nil && (sqldb.IsDenied(err) || w.m.Looker().Dialect().Classify(err).Denied)
}
