package rollback

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"landfall/internal/connector/table"
	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// entityUndo undoes what a run did with one entity.
type entityUndo struct {
	*runner
	*migration.TargetEntity
	done   ledger.Entity  // its part in the run
	stored *ledger.Entity // its part in the rollback
	refs   []sqldb.Reference

	referred *dedupe.Seen // keys of records that others refer to which stay; nil until it is asked, and where the target is a database

	store  *crosswalk.Store
	lander *table.Lander
	ends   *ledger.Ends
	shapes map[shapeID]*shape

	batches []*ledger.Marker // of the run, in the order of undoing
	undone  map[ledger.Place]bool
	counts  ledger.Counts
	along   int // batches that are undone
}

// prepare looks up what undoing the entity needs to know, and adds up what
// earlier sessions of the rollback have done.
func (e *entityUndo) prepare(ctx context.Context) error {
	return e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if e.ends, err = e.ledger.EndsOf(ctx, tx, e.runner.undone.ID, e.done.ID); err != nil {
			return err
		}
		if e.batches, err = e.ledger.Batches(ctx, tx, e.runner.undone.ID, e.done.ID); err != nil {
			return err
		}
		slices.Reverse(e.batches)
		e.counts, e.undone, e.along = ledger.Counts{}, map[ledger.Place]bool{}, 0
		committed, err := e.ledger.Batches(ctx, tx, e.run.ID, e.stored.ID)
		for _, marker := range committed {
			e.undone[marker.Place] = true
			if marker.Slice != e.waitingSlice() {
				e.along++
			}
		}
		if err != nil {
			return err
		}
		if e.counts, _, err = e.ledger.Counts(ctx, tx, e.run.ID, e.stored.ID); err != nil {
			return err
		}
		return e.recollect(ctx, tx)
	})
}

// recollect finds those of the asked for records of which earlier sessions have
// told.
func (e *entityUndo) recollect(ctx context.Context, tx sqldb.Tx) error {
	if e.only == nil || !e.resumed {
		return nil
	}
	return e.ledger.Segments(ctx, tx, e.run.ID, e.stored.ID, func(_ int, line *ledger.Line) error {
		if _, asked := e.only[e.ref(line.Key)]; asked {
			e.only[e.ref(line.Key)] = true
		}
		return nil
	})
}

// waitingSlice is the slice of the rollback that tells of records that had to
// wait for others; it comes behind those of the run.
func (e *entityUndo) waitingSlice() int {
	last := -1
	for _, slice := range e.done.Slices {
		last = max(last, slice.Number)
	}
	return last + 1
}

// placeOf is where the rollback tells of a batch of the run: it counts the
// batches of a slice from behind.
func (e *entityUndo) placeOf(n int) ledger.Place {
	ordinal := int64(0)
	for _, before := range e.batches[:n] {
		if before.Slice == e.batches[n].Slice {
			ordinal++
		}
	}
	return ledger.Place{RunID: e.run.ID, EntityID: e.stored.ID, Slice: e.batches[n].Slice, Ordinal: ordinal}
}

// undo undoes the batches of the run, the last first. What waits for other rows
// to go is left for later.
func (e *entityUndo) undo(ctx context.Context, g *group) error {
	e.tell(e.event(run.EventEntityStarted))
	updated := int64(0)
	for _, marker := range e.batches {
		updated += marker.Counts[record.Updated]
	}
	if hidden := e.overwritten(); len(hidden) > 0 && updated > 0 {
		e.tell(run.Event{Kind: run.EventWarning, Entity: e.done.Name, Message: fmt.Sprintf("%s: %s of what the run updated, %s", e.Name, strings.Join(hidden, ", "), NotGivenBack)})
	}
	for n := range e.batches {
		at := e.placeOf(n)
		if e.undone[at] {
			continue
		}
		if err := e.await(ctx, int(e.batches[n].Counts[record.Created]+e.batches[n].Counts[record.Updated])); err != nil {
			return err
		}
		if err := e.undoBatch(ctx, g, at, func(ctx context.Context, tx sqldb.Tx) ([]*item, error) { return e.read(ctx, tx, e.batches[n].Place) }); err != nil {
			return fmt.Errorf("undoing batch %d of slice %d: %w", e.batches[n].Ordinal, at.Slice, err)
		}
		e.along++
		e.tell(e.event(run.EventBatch))
	}
	return nil
}

// await holds the rollback back for the target's other users.
func (e *entityUndo) await(ctx context.Context, rows int) error {
	stopped, err := e.Gentle.Await(ctx, rows, e.o.Stop, func(kind run.EventKind, limit int, message string) {
		event := e.event(kind)
		event.Limit, event.Message = limit, message
		e.tell(event)
	})
	if stopped || err == nil && e.stopAsked() {
		return run.ErrStopped
	}
	return err
}

// undoBatch undoes some records in a transaction of their own, and tells of
// them at the place.
func (e *entityUndo) undoBatch(ctx context.Context, g *group, at ledger.Place, read func(context.Context, sqldb.Tx) ([]*item, error)) error {
	if e.Remote != nil {
		return e.undoByCalls(ctx, g, at, read)
	}
	var marker *ledger.Marker
	var found []record.Ref
	var begun time.Time // the last try
	err := e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		begun = e.Gate.Begins()
		b := &batch{entityUndo: e, group: g, tx: a.Tx, at: at}
		var err error
		marker, err = b.within(ctx, read)
		found = b.found
		return err
	}, e.Marked(e.ledger, at, &marker))
	if err != nil {
		return err
	}
	e.Gate.Took(begun)
	e.point(run.PointCommitted)
	e.settled(marker, found)
	return nil
}

// settled counts a batch that is committed.
func (e *entityUndo) settled(marker *ledger.Marker, found []record.Ref) {
	if marker != nil {
		e.counts.Add(marker.Counts)
	}
	for _, ref := range found {
		e.only[ref] = true
	}
}

// close seals the entity's part in the rollback.
func (e *entityUndo) close(ctx context.Context) error {
	err := e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.Check(ctx, a.Tx); err != nil {
			return err
		}
		entities, err := e.ledger.Entities(ctx, a.Tx, e.run.ID)
		if err != nil {
			return err
		}
		for _, stored := range entities {
			if stored.ID != e.stored.ID {
				continue
			}
			for _, slice := range stored.Sealed() {
				if _, err := e.ledger.Seal(ctx, a.Tx, e.run.ID, e.stored.ID, slice.Number); err != nil {
					return err
				}
			}
		}
		if err := e.Lease.Keep(ctx, a.Tx, e.run.Name); err != nil {
			return err
		}
		return e.ledger.EndEntity(ctx, a.Tx, e.run.ID, e.stored.ID)
	}, e.Again)
	if err != nil {
		return err
	}
	e.stored.Done = true
	e.point(run.PointEntityEnd)
	e.tell(e.event(run.EventEntityEnded))
	return nil
}

// event tells how far the entity is. How many records there are to undo is only
// known once they are looked at: batches are counted instead.
func (e *entityUndo) event(kind run.EventKind) run.Event {
	event := run.Event{Kind: kind, Entity: e.done.Name, Read: e.counts.Total(), Total: -1, Percent: 100, Counts: e.counts.Clone(), Lanes: 1}
	if len(e.batches) > 0 {
		event.Percent = 100 * float64(e.along) / float64(len(e.batches))
	}
	return event
}

// what the target has of a record, in words.
func (e *entityUndo) what() string {
	if e.Remote != nil {
		return "record"
	}
	return "row"
}

// column finds a column of the table by the name that it has or had.
func (e *entityUndo) column(name string) (*sqldb.Column, bool) {
	if column, ok := e.Table.Column(name); ok {
		return column, true
	}
	return e.Table.Column(e.RenamedColumn(name))
}
