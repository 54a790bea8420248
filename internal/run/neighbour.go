package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/sqldb"
)

// neighbour keeps lanes from landing more than the target's other users can
// bear. Lanes wait before they begin a transaction, never inside one: whoever
// waits holds no locks, and the lease is kept on a connection of its own.
type neighbour struct {
	throttle *mapping.Throttle
	limiter  *rate.Limiter // nil: as fast as can be

	mu      sync.Mutex
	why     string        // what the target suffers from; "" lets lanes land
	err     error         // why it cannot be known any more
	changed chan struct{} // closed when why or err change
	slowed  time.Time     // when it was last told that lanes wait for the limit
	paused  time.Time     // and for the target
}

// newNeighbour is nil where the mapping has no throttle; a nil neighbour lets
// everything pass.
func newNeighbour(throttle *mapping.Throttle) *neighbour {
	if throttle == nil {
		return nil
	}
	n := &neighbour{throttle: throttle, changed: make(chan struct{})}
	if throttle.RowsPerSecond > 0 {
		n.limiter = rate.NewLimiter(rate.Limit(throttle.RowsPerSecond), throttle.RowsPerSecond)
	}
	return n
}

// smallestBatch keeps a slow limit from making a transaction of every record.
const smallestBatch = 100

// records is how many records a batch holds unless told otherwise: not more
// than may land in a second, so that a limited run goes evenly.
func (n *neighbour) records(otherwise int) int {
	if n == nil || n.limiter == nil {
		return otherwise
	}
	return min(otherwise, max(smallestBatch, n.throttle.RowsPerSecond))
}

// reserve takes as many rows from the limit, whose other lanes queue up behind
// them, and says how long to wait for them. More rows than the limiter gives
// out at once are taken in parts.
func (n *neighbour) reserve(now time.Time, rows int) time.Duration {
	if n == nil || n.limiter == nil {
		return 0
	}
	wait := time.Duration(0)
	for rows > 0 {
		part := min(rows, n.limiter.Burst())
		wait = n.limiter.ReserveN(now, part).DelayFrom(now)
		rows -= part
	}
	return wait
}

// suffering is what the lanes wait for, if anything.
func (n *neighbour) suffering() (why string, changed <-chan struct{}, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.why, n.changed, n.err
}

func (n *neighbour) note(why string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if why != n.why {
		n.paused = time.Time{} // something new to tell
	}
	n.why, n.err = why, err
	close(n.changed)
	n.changed = make(chan struct{})
}

// mayTell keeps lanes that wait for the same thing from all saying so.
func (n *neighbour) mayTell(told *time.Time, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(*told) < tellEvery {
		return false
	}
	*told = now
	return true
}

// watch asks the target at intervals, on a connection of its own, until ctx
// ends.
func (n *neighbour) watch(ctx context.Context, m throttled) {
	if n == nil || n.throttle.PauseWhile == "" && n.throttle.PauseOnLag == 0 {
		return
	}
	var db sqldb.DB
	defer func() {
		if db != nil {
			db.Close(context.WithoutCancel(ctx))
		}
	}()
	tick := time.NewTicker(n.throttle.CheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if db == nil {
			opened, err := m.OpenTarget(ctx)
			if err != nil {
				continue // the lanes find out by themselves whether the target is gone
			}
			db = opened
		}
		why, err := m.Suffering(ctx, db)
		switch {
		case err == nil:
			n.note(why, nil)
		case ctx.Err() != nil:
			return
		case errors.Is(err, migration.ErrEnvironment):
			n.note("", err)
			return
		}
		if err != nil { // a fault that may pass: what was last known goes on to hold
			db.Close(context.WithoutCancel(ctx))
			db = nil
		}
	}
}

// await holds a lane until rows may land.
func (e *entityRun) await(ctx context.Context, rows int) (held bool, err error) {
	return e.Gentle.neighbour.await(ctx, rows, e.o.Stop, func(kind EventKind, limit int, message string) {
		event := e.event(kind)
		event.Limit, event.Message = limit, message
		e.tell(event)
	})
}

// await holds its caller until rows may be written: first until the limit allows
// them, then until the target does not suffer. It reports whether it held the
// caller, and returns ErrStopped as soon as stop is closed.
func (n *neighbour) await(ctx context.Context, rows int, stop <-chan struct{}, tell func(kind EventKind, limit int, message string)) (held bool, err error) {
	if n == nil {
		return false, nil
	}
	if wait := n.reserve(time.Now(), rows); wait > 0 {
		held = true
		if n.mayTell(&n.slowed, time.Now()) {
			tell(EventSlowed, n.throttle.RowsPerSecond, "")
		}
		if err := Idle(ctx, wait, nil, stop); err != nil {
			return held, err
		}
	}
	for {
		why, changed, err := n.suffering()
		if why == "" || err != nil {
			return held, err
		}
		held = true
		if n.mayTell(&n.paused, time.Now()) {
			tell(EventPaused, 0, "paused: "+why)
		}
		if err := Idle(ctx, tellEvery, changed, stop); err != nil {
			return held, err
		}
	}
}

// Idle lets time pass, unless something happens.
func Idle(ctx context.Context, wait time.Duration, changed, stop <-chan struct{}) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-stop:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
