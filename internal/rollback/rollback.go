package rollback

import (
	"context"
	"fmt"
	"sync"
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
	*run.Session
	end    *migration.TargetEnd
	o      Options
	books  *books.Books
	ledger *ledger.Ledger

	run      *ledger.Run
	undone   *ledger.Run
	entities []*entityUndo           // in the order of undoing
	later    []*ledger.Run           // loads after the undone one, oldest first
	before   bool                    // the run was rolled back before, in part
	attempts map[int64][]*ledger.Run // completed rollbacks of the later loads, by the load's number
	// rollbacks are the earlier ones of the run, by their numbers.
	rollbacks []int64
	telling   sync.Mutex
	rehearse  bool // nothing may be called that changes anything
	resumed   bool
	only      map[record.Ref]bool // whether it was found; nil: all
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
	r := &runner{Session: &run.Session{Target: end}, end: end, o: o, books: b, ledger: ledger.New(b)}
	r.Tell, r.Point = r.tell, r.point
	return r, nil
}

func carry(ctx context.Context, end *migration.TargetEnd, o Options, mustResume bool) (*Result, error) {
	r, err := newRunner(end, o)
	if err != nil {
		return nil, err
	}
	loader := &target.Loader{Open: end.OpenTarget, Dialect: r.books.Dialect(), Patience: o.Patience, Waiting: r.waiting}
	defer loader.Close(context.WithoutCancel(ctx))
	r.Loader, r.Gentle = loader, run.NewGentle(end.Target.Throttle)
	if err := r.Gentle.Ask(ctx, end, end.Looker()); err != nil {
		return nil, err
	}
	r.Gate = o.gate(r.books, end, mustResume, false)
	if err := r.Gate.Open(ctx, end.Looker()); err != nil {
		return nil, err
	}
	if err := r.askAPI(ctx); err != nil {
		return nil, err
	}
	if err := run.PrepareBooks(ctx, end.Looker()); err != nil {
		return nil, err
	}
	defer r.Release()
	if err := r.begin(ctx, mustResume); err != nil {
		return nil, err
	}
	stops, unlink := r.Stops(r.o.Stop)
	defer unlink()
	r.o.Stop = stops
	result := r.result()
	result.Stopped, err = r.Carry(ctx, r.run, r.resumed,
		func(ctx context.Context) error { return r.undoAll(ctx, result) },
		func(ctx context.Context, tx sqldb.Tx, state ledger.State, message string) error {
			return r.close(ctx, tx, state, message, result)
		})
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
	r.Gate = o.gate(r.books, end, false, true)
	if err := r.Gate.Open(ctx, end.Looker()); err != nil {
		return nil, err
	}
	if err := r.askAPI(ctx); err != nil {
		return nil, err
	}
	db, err := end.OpenTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close(context.WithoutCancel(ctx))
	tx, err := run.BeginWithBooks(ctx, db)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	r.Loader, r.rehearse = target.Rehearsal{Tx: tx}, true
	if err := r.begin(ctx, false); err != nil {
		return nil, err
	}
	result := r.result()
	if err := r.undoAll(ctx, result); err != nil {
		return result, fmt.Errorf("rehearsing: %w", err)
	}
	return result, look(ctx, tx, r.ledger, r.run)
}

// askAPI makes sure before anything is undone that an API lets us in, and has
// what it waits for told.
func (r *runner) askAPI(ctx context.Context) error {
	if r.end.API() == nil {
		return nil
	}
	r.end.API().Observe(run.Notices(r.tell))
	return r.end.TryAPI(ctx)
}

func (r *runner) result() *Result {
	return &Result{Run: r.run, Undone: r.undone, Counts: ledger.Counts{}}
}

// begin takes the lease, and starts or resumes the rollback.
func (r *runner) begin(ctx context.Context, mustResume bool) error {
	err := r.Begin(ctx, r.books, r.end.File.Name, func(ctx context.Context, tx sqldb.Tx) (string, error) {
		if err := r.startOrResume(ctx, tx, mustResume); err != nil {
			return "", err
		}
		if err := r.mayUndo(ctx, tx); err != nil {
			return "", err
		}
		return r.run.Name, nil
	})
	if err != nil {
		return err
	}
	return r.warnOfLater(ctx)
}

// close notes where the rollback stands and, when it has come to its end, what
// became of the run.
func (r *runner) close(ctx context.Context, tx sqldb.Tx, state ledger.State, message string, result *Result) error {
	if err := r.ledger.SetState(ctx, tx, r.run.ID, state, message); err != nil || state != ledger.Completed {
		return err
	}
	became := r.undone.State
	left := result.Counts[record.Kept] + result.Counts[record.Blocked] + result.Counts[record.Failed]
	switch {
	case result.Counts[record.Reversed] == 0 && became != ledger.PartlyRolledBack:
		// Nothing was undone, now or before: the run is what it was.
	case left == 0 && len(r.run.Options.Only) == 0:
		became = ledger.RolledBack
	case result.Counts[record.Reversed] > 0:
		became = ledger.PartlyRolledBack
	}
	return r.ledger.Turn(ctx, tx, r.undone.ID, became)
}

// undoAll undoes the run, group by group of entities that refer to each other.
func (r *runner) undoAll(ctx context.Context, result *Result) error {
	defer func() {
		for _, e := range r.entities {
			if e.referred != nil {
				_ = e.referred.Close() // only room on the disk is lost
			}
		}
	}()
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
	return r.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := r.Check(ctx, a.Tx); err != nil {
			return err
		}
		return crosswalk.PutBackSuperseded(ctx, a.Tx, r.books, r.undone.ID)
	}, r.Again)
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

func (r *runner) waiting(fault sqldb.Fault, in time.Duration) {
	r.tell(run.Event{Kind: run.EventWaiting, Message: fmt.Sprintf("%s; trying again in %s", fault.Message, in.Round(time.Millisecond))})
}

func (r *runner) tell(event run.Event) {
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

func (r *runner) point(p run.Point) {
	if r.o.Points != nil {
		r.o.Points(p)
	}
}
