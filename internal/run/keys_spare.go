package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// measureSpare finds out from which number on keys that were taken meanwhile
// are replaced: behind all that the run's records still need. It is asked for
// when the first such key is met, and keeps the feed waiting meanwhile.
func (e *entityRun) measureSpare(ctx context.Context, wanted error) error {
	e.gate.Lock()
	defer e.gate.Unlock()
	if e.heirs != nil {
		return e.measureHeirs(ctx, wanted)
	}
	loader := e.ownLoader()
	defer loader.Close(context.WithoutCancel(ctx))
	next, known := int64(0), false
	err := loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if _, known, err = e.space.Spare(ctx, tx); err != nil || known {
			return err
		}
		next, err = e.space.First(ctx, tx, e.run.ID, e.stored.ID)
		return err
	})
	if err != nil || known {
		return err
	}
	// The numbers of a run of which it was not counted how many it needs are all
	// that are behind its first one, without a gap.
	for i := range e.entities {
		stored := &e.entities[i]
		if stored.Done || !slices.Contains(e.space.entities, e.m.Entity(stored.Name)) {
			continue
		}
		left := int64(0)
		err := e.needsLeft(ctx, stored, func(_ context.Context, _ sqldb.Tx, _ *shaped, places []int) error {
			left += int64(len(places))
			return nil
		})
		if err != nil {
			return err
		}
		next += left
	}
	return e.setSpare(ctx, loader, func(ctx context.Context, tx sqldb.Tx) error { return e.space.SetSpare(ctx, tx, next) })
}

// ownLoader has a connection of its own: who measures has that of no lane.
func (e *entityRun) ownLoader() *target.Loader {
	return &target.Loader{Open: e.m.OpenTarget, Dialect: e.books.Dialect(), Patience: e.o.Patience, Waiting: e.waiting}
}

func (e *entityRun) setSpare(ctx context.Context, loader *target.Loader, set func(context.Context, sqldb.Tx) error) error {
	return loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.Check(ctx, a.Tx); err != nil {
			return err
		}
		return set(ctx, a.Tx)
	}, e.Again)
}

// measureHeirs does so for the keys of some parents.
func (e *entityRun) measureHeirs(ctx context.Context, wanted error) error {
	var unknown *crosswalk.NoSpareError
	if !errors.As(wanted, &unknown) {
		return wanted
	}
	loader := e.ownLoader()
	defer loader.Close(context.WithoutCancel(ctx))
	needs := map[string]int64{}
	for _, parent := range unknown.Parents {
		needs[parent] = 0
	}
	err := e.needsLeft(ctx, e.stored, func(ctx context.Context, tx sqldb.Tx, batch *shaped, places []int) error {
		parents, err := e.parentKeys(ctx, tx, batch, places)
		if err != nil {
			return err
		}
		for _, parent := range parents {
			if n, asked := needs[parent]; asked {
				needs[parent] = n + 1
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.setSpare(ctx, loader, func(ctx context.Context, tx sqldb.Tx) error { return e.heirs.SetSpare(ctx, tx, e.run.ID, needs) })
}

// needsLeft hands over the batches of an entity of the run whose records need
// keys and have none reserved, with their places.
func (e *entityRun) needsLeft(ctx context.Context, stored *ledger.Entity, visit func(context.Context, sqldb.Tx, *shaped, []int) error) error {
	other := &entityRun{runner: e.runner, Entity: e.m.Entity(stored.Name), stored: stored, spill: e.spill}
	if stored == e.stored {
		other.first = e.first
	}
	loader := e.ownLoader()
	defer loader.Close(context.WithoutCancel(ctx))
	err := loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		other.store, err = crosswalk.Find(ctx, tx, e.books, e.run.Migration, other.Name, other.Table.Name.String())
		return err
	})
	if err != nil {
		return err
	}
	if other.wanted, err = other.choose(ctx, loader); err != nil {
		return err
	}
	err = other.eachBatch(ctx, func(batch *shaped) error {
		return loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			reserved, err := other.store.FindBlock(ctx, tx, other.blockOf(batch))
			if err != nil || reserved {
				return err
			}
			places, err := other.needing(ctx, tx, batch)
			if err != nil {
				return err
			}
			return visit(ctx, tx, batch, places)
		})
	})
	if err != nil {
		return fmt.Errorf("%s: counting the records that still need a key: %w", stored.Name, err)
	}
	return nil
}
