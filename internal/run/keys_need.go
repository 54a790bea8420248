package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// countNeeds counts the records of an entity that need a new key, by reading its
// source before the run starts. Nothing is written; known says whether there are
// books to ask.
func (r *runner) countNeeds(ctx context.Context, stored *ledger.Entity, known bool) (int64, error) {
	e := &entityRun{runner: r, Entity: r.m.Entity(stored.Name), stored: stored, first: !known}
	if known {
		err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			e.store, err = crosswalk.Find(ctx, tx, r.books, r.m.File.Name, e.Name, e.Table.Name.String())
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	if len(r.o.Only) > 0 {
		e.wanted = e.onlyThese()
	}
	r.tell(Event{Kind: EventLooking, Entity: e.Name, Message: "counting the records that need a key", Total: -1, Percent: -1})
	return e.countBatches(ctx, r.Loader, func(ctx context.Context, tx sqldb.Tx, batch *shaped) (int, error) {
		places, err := e.needing(ctx, tx, batch)
		return len(places), err
	})
}

// countBatches adds up what count says of the entity's batches, whose records
// are read once more, beside the entity's feed perhaps. e is not used for
// anything else.
func (e *entityRun) countBatches(ctx context.Context, loader target.Transactions, count func(context.Context, sqldb.Tx, *shaped) (int, error)) (total int64, err error) {
	if e.spill == "" { // the run has none yet
		if e.spill, err = os.MkdirTemp(e.o.TempDir, "landfall-"); err != nil {
			return 0, fmt.Errorf("a place to spill to: %w", err)
		}
		defer os.RemoveAll(e.spill)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *shaped)
	feed := &feed{entityRun: e, out: batches, counts: true}
	fed := make(chan error, 1)
	go func() {
		fed <- feed.run(ctx)
		close(batches)
	}()
	for batch := range batches {
		if err != nil {
			continue // let the feed see that nobody listens any more
		}
		n := 0
		err = loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			n, err = count(ctx, tx, batch)
			return err
		})
		total += int64(n)
		if err != nil {
			cancel()
		}
	}
	if ended := <-fed; err == nil && !errors.Is(ended, io.EOF) {
		err = ended
	}
	return total, errors.Join(err, e.wanted.close())
}

// needing lists the places of the batch's records that need a new key.
func (e *entityRun) needing(ctx context.Context, tx sqldb.Tx, batch *shaped) ([]int, error) {
	places := make([]int, 0, len(batch.Items))
	known := map[string]crosswalk.Row{}
	if !e.first {
		keys := make([]string, 0, len(batch.Items))
		for i := range batch.Items {
			if batch.Items[i].Rejection == nil {
				keys = append(keys, batch.Items[i].Ref.Key)
			}
		}
		var err error
		if known, err = e.store.LookupBatch(ctx, tx, keys); err != nil {
			return nil, fmt.Errorf("looking up the crosswalk: %w", err)
		}
	}
	for i := range batch.Items {
		entry, found := known[batch.Items[i].Ref.Key]
		if batch.Items[i].Rejection == nil && !(found && entry.OnTarget()) {
			places = append(places, i)
		}
	}
	return places, nil
}

// measureSpare finds out from which number on keys that were taken meanwhile
// are replaced: behind all that the run's records still need. It is asked for
// when the first such key is met, and keeps the feed waiting meanwhile.
func (e *entityRun) measureSpare(ctx context.Context) error {
	e.gate.Lock()
	defer e.gate.Unlock()
	next, known := int64(0), false
	err := e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if _, known, err = e.space.Spare(ctx, tx); err != nil || known {
			return err
		}
		next, err = e.space.First(ctx, tx, e.run.ID, e.stored.ID)
		return err
	})
	if err != nil || known {
		return err
	}
	for i := range e.entities {
		stored := &e.entities[i]
		other := e.m.Entity(stored.Name)
		if stored.Done || !slices.Contains(e.space.entities, other) {
			continue
		}
		left, err := e.needsLeft(ctx, stored)
		if err != nil {
			return fmt.Errorf("%s: counting the records that still need a key: %w", stored.Name, err)
		}
		next += left
	}
	return e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.Check(ctx, a.Tx); err != nil {
			return err
		}
		return e.space.SetSpare(ctx, a.Tx, next)
	}, e.Again)
}

// needsLeft counts the records of an entity of the run that need a key and have
// none reserved.
func (e *entityRun) needsLeft(ctx context.Context, stored *ledger.Entity) (int64, error) {
	other := &entityRun{runner: e.runner, Entity: e.m.Entity(stored.Name), stored: stored, spill: e.spill}
	loader := &target.Loader{Open: e.m.OpenTarget, Dialect: e.books.Dialect(), Patience: e.o.Patience, Waiting: e.waiting}
	defer loader.Close(context.WithoutCancel(ctx))
	err := loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		other.store, err = crosswalk.Find(ctx, tx, e.books, e.run.Migration, other.Name, other.Table.Name.String())
		return err
	})
	if err != nil {
		return 0, err
	}
	if other.wanted, err = other.choose(ctx); err != nil {
		return 0, err
	}
	return other.countBatches(ctx, loader, func(ctx context.Context, tx sqldb.Tx, batch *shaped) (int, error) {
		reserved, err := e.space.Find(ctx, tx, &crosswalk.Block{RunID: e.run.ID, EntityID: stored.ID, Slice: batch.Slice, Ordinal: batch.Ordinal})
		if err != nil || reserved {
			return 0, err
		}
		places, err := other.needing(ctx, tx, batch)
		return len(places), err
	})
}
