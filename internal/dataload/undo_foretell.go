package dataload

import (
	"context"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
)

// foretell counts what would be undone, and makes no call.
func (u *undoing) foretell(ctx context.Context) error {
	if u.run == nil {
		u.sum.Deleted, u.sum.NoBooks = u.distinct, true
		return nil
	}
	u.sum.Run = u.run.note.Run
	return u.booksFile(ctx, func(b *bookkeeping) error {
		stored, entity, err := b.only(ctx, u.run.note.Run)
		if err != nil {
			return err
		}
		store, err := crosswalk.Find(ctx, b.tx, b.l.Books(), u.o.migration(), entity.Name, u.o.Type)
		if err != nil {
			return err
		}
		f := &foretold{undoing: u, store: store, run: stored.ID}
		err = b.l.Ends(ctx, b.tx, stored.ID, entity.ID, func(_, _ ledger.Spot, line *ledger.Line) error {
			if line.Disposition != record.Created && line.Disposition != record.Updated {
				return nil
			}
			if !u.run.whole {
				if listed, err := u.listed.Has([]byte(line.TargetKey)); err != nil || !listed {
					return err
				}
			}
			if f.lines = append(f.lines, *line); len(f.lines) < foretoldAtOnce {
				return nil
			}
			return f.count(ctx, b)
		})
		if err == nil {
			err = f.count(ctx, b)
		}
		u.sum.Strange = u.distinct - u.run.listed
		return err
	})
}

// foretoldAtOnce is how many records are looked up at a time.
const foretoldAtOnce = 200

// foretold holds records of the run against what the books say of them now.
type foretold struct {
	*undoing
	store *crosswalk.Store
	run   int64
	lines []ledger.Line
}

func (f *foretold) count(ctx context.Context, b *bookkeeping) error {
	if len(f.lines) == 0 {
		return nil
	}
	keys := make([]string, len(f.lines))
	for i := range f.lines {
		keys[i] = f.lines[i].Key
	}
	entries, err := f.store.Lookup(ctx, b.tx, keys)
	if err != nil {
		return err
	}
	for i := range f.lines {
		entry, known := entries[f.lines[i].Key]
		switch {
		case !known, entry.State == crosswalk.StateRolledBack, entry.LastRun < f.run:
			f.sum.Absent++
		case entry.LastRun > f.run:
			f.sum.Later++
		case f.lines[i].Disposition == record.Updated:
			f.sum.Restored++
		default:
			f.sum.Deleted++
		}
	}
	f.lines = f.lines[:0]
	return nil
}
