package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// ErrStopped ends work after the batch in hand because it was asked to.
var ErrStopped = errors.New("stopped")

// Session is the frame around whatever writes to a target under the lease of a
// migration: it takes the lease and keeps it while the work goes on, spares the
// target's other users, and notes at the end where the run stands. It is used by
// one goroutine.
type Session struct {
	Target throttled
	Loader target.Transactions
	Gentle Gentle
	Gate   *guard.Gate  // nil lets everything pass
	Lease  *books.Lease // nil until Begin has taken it
	Tell   func(Event)
	Point  func(Point)
}

// Begin takes the migration's lease, and then lets start write a new run or find
// the one to go on with; start returns its name. Should the answer to start's
// commit be lost, it is asked again and finds what it wrote.
func (s *Session) Begin(ctx context.Context, b *books.Books, migration string, start func(context.Context, sqldb.Tx) (string, error)) error {
	err := s.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) (err error) {
		s.Lease, err = TakeLease(ctx, a.Tx, b, migration)
		return err
	}, func(ctx context.Context, tx sqldb.Tx) (bool, error) { return s.Lease.Settle(ctx, tx) })
	if err != nil {
		s.Lease = nil
		return err
	}
	err = s.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := s.Lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		name, err := start(ctx, a.Tx)
		if err != nil {
			return err
		}
		if err := s.Gate.Admit(ctx, a.Tx, name); err != nil {
			return err
		}
		return s.Lease.Renew(ctx, a.Tx, name)
	}, s.Again)
	var refusal *guard.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	noted := s.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error { return s.Gate.NoteRefusal(ctx, a.Tx, refusal) }, s.Again)
	return errors.Join(err, noted)
}

// Check is the first step of every transaction that writes: it returns
// books.ErrLeaseLost when somebody else runs the migration by now, and a
// *guard.Refusal when the target accepts no more writes.
func (s *Session) Check(ctx context.Context, tx sqldb.Tx) error {
	if err := s.Lease.Check(ctx, tx); err != nil {
		return err
	}
	return s.Gate.Check(ctx, tx)
}

// Stops is closed when asked is, and when the gate refuses to let work go on.
// end must be called.
func (s *Session) Stops(asked <-chan struct{}) (stops <-chan struct{}, end func()) {
	_, refused := s.Gate.Refused()
	if refused == nil {
		return asked, func() {}
	}
	either, ended := make(chan struct{}), make(chan struct{})
	go func() {
		select {
		case <-asked:
			close(either)
		case <-refused:
			close(either)
		case <-ended:
		}
	}()
	return either, func() { close(ended) }
}

// Carry does the work of a run and notes, by ended, inside a transaction that
// holds the lease, where the run stands then. The run is told so, too. stopped
// reports that work ended with ErrStopped. A run that the gate stops is
// interrupted, and the *guard.Refusal is the error.
func (s *Session) Carry(ctx context.Context, run *ledger.Run, resumed bool, work func(context.Context) error, ended func(context.Context, sqldb.Tx, ledger.State, string) error) (stopped bool, err error) {
	kind := EventRunStarted
	if resumed {
		kind = EventRunResumed
	}
	s.Tell(Event{Kind: kind})
	s.Point(PointStarted)

	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	keeper := KeepLease(s.Target.OpenTarget, s.Lease, run.Name, func(err error) { lost(err) }, func(err error) {
		s.Tell(Event{Kind: EventWarning, Message: fmt.Sprintf("the lease could not be renewed, and ends after %d seconds: %v; trying again", books.LeaseSeconds, err)})
	})
	defer keeper.End()
	err = s.watched(ctx, work)
	if cause := context.Cause(ctx); err != nil && cause != nil && errors.Is(cause, books.ErrLeaseLost) {
		err = cause
	}
	state, message, outcome := ledger.Completed, "", guard.Completed
	var refusal *guard.Refusal
	var unreconciled *UnreconciledError
	if errors.Is(err, ErrStopped) {
		if refusal, _ = s.Gate.Refused(); refusal != nil {
			err = refusal
		}
	}
	switch {
	case errors.As(err, &unreconciled):
		state, message = ledger.Unreconciled, err.Error()
	case errors.Is(err, ErrStopped):
		state, outcome, stopped, err = ledger.Interrupted, guard.Interrupted, true, nil
	case errors.As(err, &refusal):
		state, outcome, message, err = ledger.Interrupted, guard.Parked, refusal.Error(), refusal
	case err != nil:
		state, outcome, message = ledger.Broken, guard.Broke, err.Error()
	}
	if errors.Is(err, books.ErrLeaseLost) {
		return stopped, err // the books are somebody else's now
	}
	if state.Ended() {
		s.Point(PointRunEnd)
	}
	limit := time.Minute
	if state == ledger.Broken {
		limit = 5 * time.Second // the run is broken already; at worst the books go on saying "running"
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if held, ok := s.Loader.(interface{ Close(context.Context) }); ok && state == ledger.Broken {
		// What broke the run may be its connection. Its end is noted on another one,
		// and what the first one holds is given up before.
		held.Close(closing)
	}
	closeErr := s.Loader.Land(closing, func(ctx context.Context, a target.Attempt) error {
		if err := s.Lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		if err := ended(ctx, a.Tx, state, message); err != nil {
			return err
		}
		return s.Gate.Ended(ctx, a.Tx, run.Name, outcome, refusal)
	}, s.Again)
	if closeErr != nil && (err == nil || state.Ended()) {
		err = closeErr
	}
	run.State, run.Error = state, message
	if err == nil || state.Ended() {
		s.Point(PointArtefacts)
	}
	s.Tell(Event{Kind: EventRunEnded, Message: string(state)})
	return stopped, err
}

// watched does the work while it is watched whether the target suffers, and
// whether it still accepts writes.
func (s *Session) watched(ctx context.Context, work func(context.Context) error) error {
	watching, unwatch := context.WithCancel(ctx)
	var watchers sync.WaitGroup
	watchers.Go(func() { s.Gentle.Watch(watching, s.Target) })
	watchers.Go(func() { s.Gate.Watch(watching, s.Target.OpenTarget) })
	err := work(ctx)
	unwatch()
	watchers.Wait()
	return err
}

// Marked settles work that writes a marker at a place: its commit went through
// where the marker is there, and marker is set to it then.
func (s *Session) Marked(l *ledger.Ledger, at ledger.Place, marker **ledger.Marker) func(context.Context, sqldb.Tx) (bool, error) {
	return func(ctx context.Context, tx sqldb.Tx) (bool, error) {
		if _, err := s.Lease.Settle(ctx, tx); err != nil {
			return false, err
		}
		committed, err := l.Committed(ctx, tx, at)
		if committed != nil {
			*marker = committed
		}
		return committed != nil, err
	}
}

// Again settles work that may simply be done again, once a commit that may
// still be on its way has ended.
func (s *Session) Again(ctx context.Context, tx sqldb.Tx) (bool, error) {
	_, err := s.Lease.Settle(ctx, tx)
	return false, err
}

// Release gives the lease back, so that the next run need not wait; when that
// fails, the lease runs out by itself.
func (s *Session) Release() {
	if s.Lease == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error { return s.Lease.Release(ctx, a.Tx) }, s.Again)
}
