package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
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
	need := int64(0)
	err := e.eachBatch(ctx, func(batch *shaped) error {
		var places []int
		err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			places, err = e.needing(ctx, tx, batch)
			return err
		})
		need += int64(len(places))
		return err
	})
	return need, err
}

// eachBatch reads the entity's records once more, beside its feed perhaps, and
// hands over the batches. e is not used for anything else.
func (e *entityRun) eachBatch(ctx context.Context, visit func(*shaped) error) (err error) {
	if e.spill == "" { // the run has none yet
		if e.spill, err = os.MkdirTemp(e.o.TempDir, "landfall-"); err != nil {
			return fmt.Errorf("a place to spill to: %w", err)
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
		if err = visit(batch); err != nil {
			cancel()
		}
	}
	if ended := <-fed; err == nil && !errors.Is(ended, io.EOF) {
		err = ended
	}
	return errors.Join(err, e.wanted.close())
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
