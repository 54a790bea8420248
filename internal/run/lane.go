package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// lane lands batches with a connection of its own.
type lane struct {
	*entityRun
	Loader target.Transactions
	hasher *record.Hasher
	once   *record.Hasher // over what is written only once
	shapes map[int64]*crosswalk.Shape
	room   room
}

// room is the memory of a landing, used again by the lane's next one: fresh
// memory would have to be cleared and collected for every batch.
type room struct {
	units []unit
	cells []record.Value
}

// roomFor is blank memory for so many units. What the landing before left in it
// is gone, so a rehearsal, which tells of landings later, has it made anew.
func (l *lane) roomFor(units int) []unit {
	if l.traced != nil || cap(l.room.units) < units {
		l.room = room{units: make([]unit, units)}
	}
	clear(l.room.units[:cap(l.room.units)])
	return l.room.units[:units]
}

// rowsFor is room for as many rows of so many columns.
func (l *lane) rowsFor(units, columns int) []record.Value {
	if l.traced != nil || cap(l.room.cells) < units*columns {
		l.room.cells = make([]record.Value, units*columns)
	}
	clear(l.room.cells[:cap(l.room.cells)])
	return l.room.cells[:units*columns]
}

func (e *entityRun) newLane(loader target.Transactions) *lane {
	return &lane{entityRun: e, Loader: loader, hasher: e.hasherOf(e.hashed), once: e.hasherOf(e.once), shapes: map[int64]*crosswalk.Shape{}}
}

func (e *entityRun) hasherOf(names []string) *record.Hasher {
	index := make([]int, len(names))
	for i, name := range names {
		index[i] = columnPlace(e.Columns, name)
	}
	return record.NewHasher(names, index)
}

// orderless reports whether which of two records lands never depends on which
// lands first. It does where the target holds a unique rule that cannot be
// judged while the input is read: over expressions or part of the rows,
// regardless of case, or over a reference by which two parents of the source
// may be one row of the target. The same goes for a match regardless of case,
// for records that refer to others of their entity, which may have landed or
// not, for those that may be one row, and for rows that change: one gives up a
// value that a record of a later batch may want.
func (e *entityRun) orderless() bool {
	if e.later[e.Name] || e.To.Collapse {
		return false
	}
	changes := !e.wave() && (e.known || e.policy.OnMatch == "update")
	if e.Remote != nil {
		// What an API compares regardless of case is claimed so while the input is
		// read. A value that one record gives up and another takes in the same run is
		// rare, and a retry lands it: it is not worth to wait for one call at a time.
		changes = false
	} else if slices.ContainsFunc(e.Match, func(c sqldb.Column) bool { return c.Type.FoldCase }) {
		return false
	}
	for _, unique := range e.Table.Uniques {
		written := !slices.ContainsFunc(unique.Columns, func(name string) bool { return slices.Index(e.Program.Columns, name) < 0 })
		if !written && unique.Plain {
			continue // the target fills it by itself
		}
		if changes || !unique.Plain && !e.Folds(&unique) || unique.NullsEqual {
			return false
		}
		for _, ref := range e.Program.Refs {
			merges := len(ref.Entities) > 1 || slices.ContainsFunc(ref.Entities, func(name string) bool {
				return e.m.Entity(name).OnMatch == mapping.MatchLink || e.m.Entity(name).To.Collapse
			})
			if merges && slices.Contains(unique.Columns, ref.Field.Target) {
				return false
			}
		}
		for _, lookup := range e.Lookups {
			if slices.Contains(unique.Columns, lookup.Field.Target) {
				return false
			}
		}
	}
	return true
}

// carryBatches lands all batches of the entity. Reading and shaping run ahead
// of landing by one batch.
func (e *entityRun) carryBatches(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *shaped)
	feed := &feed{entityRun: e, out: batches}
	fed := make(chan error, 1)
	go func() {
		err := feed.run(ctx)
		fed <- err
		close(batches)
	}()
	err := e.crewFor(ctx, batches).work()
	cancel()
	unlanded := e.unlanded.Load()
	for range batches { // let the feed see that nobody listens any more
		unlanded++
	}
	feedErr := <-fed
	switch {
	case err != nil:
		return err
	case e.budget.end() != nil:
		return e.budget.end()
	case unlanded == 0 && errors.Is(feedErr, io.EOF):
		return nil
	case e.stopAsked():
		return ErrStopped
	}
	return feedErr
}

// carryBatch lands a batch and counts it.
func (l *lane) carryBatch(ctx context.Context, batch *shaped) error {
	marker, failures, err := l.land(ctx, batch)
	if err != nil {
		return fmt.Errorf("slice %d, records %d to %d: %w", batch.Slice, batch.Start.Number+1, batch.End.Number, err)
	}
	l.point(PointCommitted)
	l.settle(batch, marker)
	l.turns.landed(l.budget, batch.turn, counted{len(batch.Items), failures})
	cells := batch.cells
	batch.values, batch.cells = nil, nil
	l.landedCells.Put(&cells)
	return nil
}

// next waits for a batch; nil ends the lane, because there is none any more or
// because it was asked to stop. The batches of other lanes go on to their end.
func (l *lane) next(ctx context.Context, batches <-chan *shaped) (*shaped, error) {
	if l.stopAsked() || l.budget.end() != nil {
		return nil, nil
	}
	select {
	case <-l.o.Stop:
		return nil, nil
	case <-l.budget.enough():
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case batch := <-batches:
		return batch, nil
	}
}

// settle counts a batch that has landed.
func (e *entityRun) settle(batch *shaped, marker *ledger.Marker) {
	e.mu.Lock()
	e.counts.Add(marker.Counts)
	e.read += marker.Records
	e.reached(batch.Slice, batch.End.Offset)
	e.mu.Unlock()
	e.tell(e.event(EventBatch))
}
