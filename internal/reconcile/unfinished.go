package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// goesOnWithin is how long after it was broken off a comparison is gone on with.
// What it found says less the older it is.
const goesOnWithin = time.Hour

// lookAtBooks sets the clock, and notes what has been written to the books.
func (w *work) lookAtBooks(ctx context.Context, tx sqldb.Tx, wanted *verdict.Reconciliation) error {
	b := w.ledger.Books()
	row, _, err := b.One(ctx, tx, "SELECT "+b.Now(0)+", (SELECT coalesce(max(id), 0) FROM {run}), (SELECT count(*) FROM {marker})")
	if err != nil {
		return err
	}
	wanted.Options.Written = fmt.Sprintf("run %d, %d batches", row[1].Int(), row[2].Int())
	w.clock, err = clockOf(row[0].String())
	return err
}

// unfinished finds the newest reconciliation where it can be gone on with.
func (w *work) unfinished(ctx context.Context, tx sqldb.Tx, store *verdict.Store, wanted *verdict.Reconciliation, entities []*verdict.Entity) (*verdict.Reconciliation, []*verdict.Entity, error) {
	list, err := store.List(ctx, tx, wanted.Migration)
	if err != nil || len(list) == 0 || !list[0].State.Resumable() || w.o.Fresh {
		return nil, nil, err
	}
	before := list[0]
	known, err := store.Entities(ctx, tx, before.ID)
	if err != nil {
		return nil, nil, err
	}
	if why := w.outdated(before, wanted, known, entities); why != "" {
		w.anew = fmt.Sprintf("reconciliation %s was broken off, and this one begins anew: %s", before.Name, why)
		return nil, nil, nil
	}
	return before, known, nil
}

// outdated says why a comparison that was broken off cannot be gone on with;
// empty where it can.
func (w *work) outdated(before, wanted *verdict.Reconciliation, known, entities []*verdict.Entity) string {
	asked, asks := before.Options, wanted.Options
	asked.Written, asks.Written = "", ""
	switch {
	case before.Options.Written != wanted.Options.Written || before.RunID != wanted.RunID:
		return "runs have written since"
	case before.MappingHash != wanted.MappingHash:
		return "the mapping has changed"
	case !sameOptions(asked, asks) || len(known) != len(entities):
		return "it was asked for something else"
	}
	last := before.StartedAt
	for i, e := range known {
		if e.ID != entities[i].ID {
			return "it was asked for something else"
		}
		if e.Input != entities[i].Input {
			return "what " + e.Name + " is read from has changed"
		}
		last = max(last, placeOf(e.Position).Noted)
	}
	if w.clock.since(last) > goesOnWithin {
		return "that is more than an hour ago"
	}
	return ""
}

func sameOptions(a, b verdict.Options) bool {
	one, _ := json.Marshal(a) // texts and numbers always marshal
	other, _ := json.Marshal(b)
	return string(one) == string(other)
}
