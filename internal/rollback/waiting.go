package rollback

import (
	"context"
	"fmt"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// undo undoes what the run did with the entities of the group.
func (g *group) undo(ctx context.Context) error {
	done := true
	for _, e := range g.members {
		if err := e.prepare(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.done.Name, err)
		}
		done = done && e.stored.Done
	}
	if done {
		return nil
	}
	if err := g.index(ctx); err != nil {
		return err
	}
	for _, e := range g.members {
		if err := e.gatherReferred(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.done.Name, err)
		}
		if err := e.undo(ctx, g); err != nil {
			return fmt.Errorf("%s: %w", e.done.Name, err)
		}
	}
	if err := g.settle(ctx); err != nil {
		return fmt.Errorf("%s: rows that refer to each other: %w", g.members[0].done.Name, err)
	}
	for _, e := range g.members {
		if e.stored.Done {
			continue
		}
		if err := e.close(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.done.Name, err)
		}
	}
	return nil
}

// index sees to it that rows are found in the crosswalk, where it is asked who
// else is in them, and whose they are: a run that was given up may have left it
// without the index.
func (g *group) index(ctx context.Context) error {
	return g.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := g.Check(ctx, a.Tx); err != nil {
			return err
		}
		for _, e := range g.members {
			if _, err := e.store.EnsureSharing(ctx, a.Tx); err != nil {
				return err
			}
			if !g.circle {
				continue
			}
			if _, err := e.store.EnsureReverse(ctx, a.Tx); err != nil {
				return err
			}
		}
		return nil
	}, g.Again)
}

// settle brings the records to their end that wait for rows that refer to them.
// Each pass finds those whose waiting is over; when passes find few, all that
// are left are undone together.
func (g *group) settle(ctx context.Context) error {
	if !g.circle {
		return nil
	}
	for {
		waiting, err := g.waiting(ctx)
		if err != nil {
			return err
		}
		if waiting > 0 {
			if err := g.pass(ctx); err != nil {
				return err
			}
		}
		left, err := g.waiting(ctx)
		if err != nil {
			return err
		}
		switch {
		case left == 0:
			return g.recount(ctx)
		case (waiting-left)*10 < waiting:
			return g.together(ctx)
		}
	}
}

func (g *group) waiting(ctx context.Context) (many int64, err error) {
	err = g.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		many = 0
		for _, e := range g.members {
			count, err := e.store.WaitingCount(ctx, tx, g.run.ID)
			if err != nil {
				return err
			}
			many += count
		}
		return nil
	})
	return many, err
}

// recount adds up what the group has come to, over all sessions.
func (g *group) recount(ctx context.Context) error {
	return g.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		for _, e := range g.members {
			if e.counts, _, err = e.ledger.Counts(ctx, tx, e.run.ID, e.stored.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// pass looks at all waiting records once, batch by batch.
func (g *group) pass(ctx context.Context) error {
	for _, e := range g.members {
		for after, more := "", true; more; {
			if err := e.await(ctx, 0); err != nil {
				return err
			}
			last := after
			var found []record.Ref
			// A batch that is done again finds that what it brought to its end waits
			// no more.
			err := e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
				b := &batch{entityUndo: e, group: g, tx: a.Tx, at: ledger.Place{RunID: e.run.ID, EntityID: e.stored.ID, Slice: e.waitingSlice()}, again: true}
				_, err := b.within(ctx, func(ctx context.Context, tx sqldb.Tx) ([]*item, error) {
					items, err := b.waiters(ctx, after)
					if more = len(b.asked) > 0; more {
						last = b.asked[len(b.asked)-1]
					}
					return items, err
				})
				found = b.found
				return err
			}, e.Again)
			if err != nil {
				return err
			}
			after = last
			e.point(run.PointCommitted)
			e.settled(nil, found)
		}
	}
	return nil
}

// waiters reads the records after a key that wait.
func (b *batch) waiters(ctx context.Context, after string) ([]*item, error) {
	pending, err := b.store.Waiting(ctx, b.tx, b.run.ID, after, b.size())
	if err != nil {
		return nil, err
	}
	items := make([]*item, len(pending))
	for n, p := range pending {
		items[n] = &item{line: ledger.Line{Key: p.SourceKey, Number: p.RecordNo, Disposition: p.Disposition}}
		b.asked = append(b.asked, p.SourceKey)
	}
	return items, nil
}

// size is how many records a batch holds that is not one of the run's own.
func (e *entityUndo) size() int { return max(1, e.run.Options.Records) }

// owned makes items of the entity's records that own rows.
func (b *batch) owned(owners map[string]crosswalk.Row) {
	for _, owner := range owners {
		b.asked = append(b.asked, owner.SourceKey)
		b.items = append(b.items, &item{line: ledger.Line{Key: owner.SourceKey, Number: owner.RecordNo, Disposition: record.Created}})
	}
}
