package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/books"
	"landfall/internal/indexwork"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// The points of the steps around a load.
const (
	PointTaken      Point = "indexes-taken"    // they are away and written down, after commit
	PointRebuilding Point = "index-rebuilding" // one is made again, before commit
	PointRebuilt    Point = "index-rebuilt"    // after commit
)

// IndexPoints lists the points that only entities pass whose indexes are made
// again.
var IndexPoints = []Point{PointTaken, PointRebuilding, PointRebuilt}

// IndexesError says that indexes could not be made again. They stay written
// down in the books.
type IndexesError struct{ Failed []string }

// Error names them, and says how to go on.
func (e *IndexesError) Error() string {
	return "indexes could not be made again:\n  " + strings.Join(e.Failed, "\n  ") +
		"\nThey stay in the books: once the cause is mended, `landfall resume` or `landfall indexes rebuild` makes them again"
}

// around reports whether the run does the steps around loads: one over a few
// records would only make others wait.
func (r *runner) around() bool {
	if r.rehearse || r.expects || r.shadow != nil {
		return false
	}
	kind := r.run.Kind()
	return kind == ledger.KindAll || kind == ledger.KindInput
}

// takeIndexes takes the table's secondary indexes away, before the first batch
// of the entity that this session of the run lands. Those that rows are looked
// up by while the run goes on stay.
func (e *entityRun) takeIndexes(ctx context.Context) error {
	if !e.RebuildIndexes || !e.around() {
		return nil
	}
	keep := slices.Clone(e.To.Match)
	for _, other := range e.m.Entities {
		for _, lookup := range other.Lookups {
			if lookup.Table.Name == e.Table.Name {
				for _, column := range lookup.Columns {
					keep = append(keep, column.Name)
				}
			}
		}
	}
	var taken []string
	err := e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) (err error) {
		if err := e.Check(ctx, a.Tx); err != nil {
			return err
		}
		if err := e.Gate.Allows(ctx, a.Tx, mapping.AllowIndexes); err != nil {
			return err
		}
		if err := lockBriefly(ctx, a.Tx, e.books); err != nil {
			return err
		}
		taken, err = indexwork.Take(ctx, a.Tx, e.books, e.run.ID, e.stored.ID, e.Table.Name, keep)
		return err
	}, e.Again)
	if err != nil {
		return err
	}
	e.point(PointTaken)
	if len(taken) > 0 {
		e.tell(Event{Kind: EventIndexes, Entity: e.Name, Total: -1, Percent: -1, Message: fmt.Sprintf("took away until its records have landed: %s of %s", strings.Join(taken, ", "), e.Table.Name)})
	}
	return nil
}

// restoreIndexes does the steps after an entity's last record.
func (e *entityRun) restoreIndexes(ctx context.Context) error {
	if !e.around() {
		return nil
	}
	if e.RebuildIndexes {
		if err := e.rebuildLeft(ctx, e.books, e.run.Migration, &e.Table.Name); err != nil {
			return err
		}
	}
	if !e.Analyze {
		return nil
	}
	e.tell(Event{Kind: EventIndexes, Entity: e.Name, Total: -1, Percent: -1, Message: fmt.Sprintf("refreshing the statistics of %s…", e.Table.Name)})
	err := e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.Check(ctx, a.Tx); err != nil {
			return err
		}
		if err := e.Gate.Allows(ctx, a.Tx, mapping.AllowIndexes); err != nil {
			return err
		}
		keeper, ok := e.books.Dialect().(sqldb.Indexes)
		if !ok {
			return indexwork.ErrNoIndexes
		}
		_, err := a.Tx.Exec(ctx, keeper.AnalyzeSQL(e.Table.Name))
		return err
	}, e.Again)
	if err != nil {
		return fmt.Errorf("refreshing the statistics of %s: %w", e.Table.Name, err)
	}
	return nil
}

// rebuildLeft makes the indexes again that runs of the migration took and that
// are not there: those of one table, or with nil all. One that cannot be made
// keeps none of the others away. The gate is not asked: what was taken from a
// live table while it was open is given back even when its time has run out
// meanwhile.
func (s *Session) rebuildLeft(ctx context.Context, b *books.Books, migration string, of *sqldb.Name) error {
	left, err := s.leftIndexes(ctx, b, migration)
	if err != nil {
		return err
	}
	left = slices.DeleteFunc(left, func(d indexwork.Dropped) bool { return of != nil && d.Table != *of })
	failed := &IndexesError{}
	for i := range left {
		d := &left[i]
		s.Tell(Event{Kind: EventIndexes, Total: -1, Percent: -1, Message: fmt.Sprintf("rebuilding index %s (%d of %d)…", d, i+1, len(left))})
		err := s.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
			if err := s.Lease.Check(ctx, a.Tx); err != nil {
				return err
			}
			if err := lockBriefly(ctx, a.Tx, b); err != nil {
				return err
			}
			if err := indexwork.Rebuild(ctx, a.Tx, b, d); err != nil {
				return err
			}
			s.Point(PointRebuilding)
			return nil
		}, s.Again)
		switch {
		case err == nil:
			s.Point(PointRebuilt)
			continue
		case ctx.Err() != nil || errors.Is(err, books.ErrLeaseLost):
			return err
		}
		failed.Failed = append(failed.Failed, fmt.Sprintf("%s: %v", d, err))
		noted := s.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
			if err := s.Lease.Check(ctx, a.Tx); err != nil {
				return err
			}
			return indexwork.Fail(ctx, a.Tx, b, d, err.Error())
		}, s.Again)
		if noted != nil {
			return errors.Join(failed, noted)
		}
	}
	if len(failed.Failed) > 0 {
		return failed
	}
	return nil
}

func (s *Session) leftIndexes(ctx context.Context, b *books.Books, migration string) (left []indexwork.Dropped, err error) {
	err = s.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		left, err = indexwork.Left(ctx, tx, b, migration)
		return err
	})
	return left, err
}

func lockBriefly(ctx context.Context, tx sqldb.Tx, b *books.Books) error {
	keeper, ok := b.Dialect().(sqldb.Indexes)
	if !ok || keeper.LockBriefly() == "" {
		return nil
	}
	return sqldb.Drain(ctx, tx, keeper.LockBriefly())
}

// mendIndexes is done when the entities are, however they ended: what a run of
// the migration has taken and not given back is made again. Where a run was
// broken off it is left to the resumed one, but on a protected target, which
// people work with meanwhile.
func (r *runner) mendIndexes(ctx context.Context, ended error) error {
	if ctx.Err() != nil || errors.Is(ended, books.ErrLeaseLost) {
		return ended
	}
	if ended == nil || r.Gate.Protects() {
		err := r.rebuildLeft(ctx, r.books, r.run.Migration, nil)
		if ended == nil || err == nil {
			return errors.Join(ended, err)
		}
		r.tell(Event{Kind: EventWarning, Message: err.Error()})
		return ended
	}
	left, err := r.leftIndexes(ctx, r.books, r.run.Migration)
	if err == nil && len(left) > 0 {
		r.tell(Event{Kind: EventWarning, Message: fmt.Sprintf("indexes are away: %s; `landfall resume` makes them again at its end, `landfall indexes rebuild` at once", namesOf(left))})
	}
	return ended
}

// tellLeftIndexes warns, when a run starts, of what earlier ones left away.
func (r *runner) tellLeftIndexes(ctx context.Context) error {
	left, err := r.leftIndexes(ctx, r.books, r.run.Migration)
	if err == nil && len(left) > 0 {
		r.tell(Event{Kind: EventWarning, Message: fmt.Sprintf("indexes are away since run %s took them: %s; this run makes them again", left[0].Run, namesOf(left))})
	}
	return err
}

func namesOf(left []indexwork.Dropped) string {
	names := make([]string, len(left))
	for i := range left {
		names[i] = left[i].String()
	}
	return strings.Join(names, ", ")
}

// mayTakeIndexes refuses the steps around loads that cannot be done, before
// anything is written.
func (r *runner) mayTakeIndexes(ctx context.Context) error {
	if len(r.o.Only) > 0 || r.o.Limit > 0 || r.o.Retry != "" || r.o.RetryOpen {
		return nil // they are not done
	}
	var asked []string
	for _, e := range r.m.Entities {
		if e.RebuildIndexes {
			asked = append(asked, e.Name+".indexes")
		}
		if e.Analyze {
			asked = append(asked, e.Name+".analyze")
		}
	}
	if len(asked) == 0 {
		return nil
	}
	if err := r.Gate.OpenForIndexes(ctx, r.m.Looker(), asked); err != nil {
		return err
	}
	return r.m.TryIndexes(ctx)
}
