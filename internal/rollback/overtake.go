package rollback

import (
	"context"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
)

// overtake is the later runs that wrote a record, and the entry that the first
// of them found.
type overtake struct {
	by    *ledger.Run
	entry crosswalk.Row
	last  *ledger.Run // the latest of them
	open  bool        // one of them has no completed rollback that kept the row
}

// settled reports whether rollbacks of all the runs that wrote the record since
// have come to their end with it, and kept its row.
func (o *overtake) settled(now crosswalk.Row) bool {
	return !o.open && o.last.ID == now.LastRun && o.entry.TargetKey == now.TargetKey && o.entry.TableID == now.TableID
}

// overtaken finds, of records that later runs have written, those runs, and what
// the entry was before them.
func (b *batch) overtaken(ctx context.Context, keys []string) (map[string]overtake, error) {
	found := map[string]overtake{}
	for _, later := range b.later {
		if len(keys) == 0 {
			break
		}
		images, err := b.store.Former(ctx, b.tx, later.ID, keys)
		if err != nil {
			return nil, err
		}
		if len(images) == 0 {
			continue
		}
		kept, err := b.keptBy(ctx, b.attempts[later.ID], keys)
		if err != nil {
			return nil, err
		}
		for key, entry := range images {
			o, known := found[key]
			if !known {
				o = overtake{by: later, entry: entry}
			}
			o.last, o.open = later, o.open || !kept[key]
			found[key] = o
		}
	}
	return found, nil
}

// keptBy finds the records that completed rollbacks of a run, newest first, have
// told last to be kept.
func (b *batch) keptBy(ctx context.Context, rollbacks []*ledger.Run, keys []string) (map[string]bool, error) {
	kept := map[string]bool{}
	for _, r := range rollbacks {
		told, err := b.ledger.LastTold(ctx, b.tx, r.ID, b.done.ID, keys)
		if err != nil {
			return nil, err
		}
		for key, t := range told {
			if _, known := kept[key]; !known {
				kept[key] = t.Disposition == record.Kept
			}
		}
	}
	return kept, nil
}
