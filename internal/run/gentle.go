package run

import (
	"context"
	"errors"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// throttled is a target whose other users are to be spared.
type throttled interface {
	OpenTarget(ctx context.Context) (sqldb.DB, error)
	// Suffering says why nothing should be written now; "" lets it be.
	Suffering(ctx context.Context, db sqldb.DB) (string, error)
}

// Gentle keeps whoever writes to a target from writing more than the mapping's
// throttle allows. Its methods may be called from several goroutines.
type Gentle struct{ neighbour *neighbour }

// NewGentle prepares sparing the target; without a throttle nothing is held.
func NewGentle(throttle *mapping.Throttle) Gentle { return Gentle{newNeighbour(throttle)} }

// Ask finds out whether the target suffers.
func (g Gentle) Ask(ctx context.Context, m throttled, db sqldb.DB) error {
	if g.neighbour == nil {
		return nil
	}
	why, err := m.Suffering(ctx, db)
	if err == nil {
		g.neighbour.note(why, nil)
	}
	return err
}

// Watch asks at intervals, on a connection of its own, until ctx ends.
func (g Gentle) Watch(ctx context.Context, m throttled) { g.neighbour.watch(ctx, m) }

// Await holds its caller, who holds no transaction, until so many rows may be
// written; tell is told when that takes long. It reports whether stop was closed
// meanwhile.
func (g Gentle) Await(ctx context.Context, rows int, stop <-chan struct{}, tell func(kind EventKind, limit int, message string)) (stopped bool, err error) {
	_, err = g.neighbour.await(ctx, rows, stop, tell)
	if errors.Is(err, ErrStopped) {
		return true, nil
	}
	return false, err
}
