package run

import (
	"context"
	"errors"
	"io"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// place is where a record stands in an entity's input: numbers count the records
// of a slice.
type place struct {
	slice  int
	number int64
}

// choose finds out which records the run is limited to; nil means all.
func (e *entityRun) choose(ctx context.Context, loader target.Transactions) (*wanted, error) {
	switch {
	case e.stored.Done:
		return nil, nil
	case len(e.o.Only) > 0:
		return e.onlyThese(), nil
	case e.run.Options.Retry:
		return e.openRecords(ctx, loader)
	}
	return nil, nil
}

// onlyThese are the records that somebody named.
func (e *entityRun) onlyThese() *wanted {
	w := &wanted{only: map[string]bool{}}
	for _, ref := range e.o.Only {
		if ref.Entity == e.Name {
			w.only[ref.Key] = false
		}
	}
	return w
}

// openRecords are those that did not land in the run that is retried, or, when
// none is named, in any run since the last one over all records, and that have
// not landed since.
func (e *entityRun) openRecords(ctx context.Context, loader target.Transactions) (*wanted, error) {
	var w *wanted
	err := loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if err := w.close(); err != nil { // an earlier look may have broken off half-way
			return err
		}
		if w, err = newWanted(e.spill); err != nil {
			return err
		}
		if err := e.ledger.Open(ctx, tx, e.run, e.stored.ID, w.add); err != nil {
			return err
		}
		if w.keyless, err = e.ledger.OpenWithoutKey(ctx, tx, e.run, e.stored.ID); err != nil {
			return err
		}
		return w.inChunks(func(keys []string, open map[string][]ledger.OpenRecord) error {
			return e.findLanded(ctx, tx, w, keys, open)
		})
	})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// findLanded notes the keys of which a record was on the target, from another
// place than those that are open, when the run started. What the run has done
// itself since then must not count: whoever resumes it has to choose as it did
// before.
func (e *entityRun) findLanded(ctx context.Context, tx sqldb.Tx, w *wanted, keys []string, open map[string][]ledger.OpenRecord) error {
	known, err := e.store.Lookup(ctx, tx, keys)
	if err != nil {
		return err
	}
	var rewritten []string
	landed := map[string]bool{}
	for key, row := range known {
		switch {
		case row.FirstRun == e.run.ID:
		case row.LastRun == e.run.ID:
			// The entry does not tell any more what it was. Had nothing of the key
			// been on the target, its records would have been read wherever they
			// stand; as long as none was from another place, both come to the same.
			rewritten = append(rewritten, key)
			landed[key] = true
		default:
			landed[key] = row.OnTarget() && !slices.ContainsFunc(open[key], func(o ledger.OpenRecord) bool { return o.Number == row.RecordNo })
		}
	}
	err = e.ledger.ReadAt(ctx, tx, e.run.ID, e.stored.ID, rewritten, func(key string, at ledger.OpenRecord) {
		landed[key] = landed[key] && standsAt(open[key], at)
	})
	for key, is := range landed {
		if is && err == nil {
			err = w.noteLanded(key)
		}
	}
	return err
}

// standsAt reports whether a place is one of the open ones.
func standsAt(open []ledger.OpenRecord, at ledger.OpenRecord) bool {
	return at.Number == 0 || slices.ContainsFunc(open, func(o ledger.OpenRecord) bool {
		return o == at || o.Slice == ledger.Corrections && o.Number == at.Number
	})
}

// limited ends a reader after so many records, counted over all slices.
type limited struct {
	source.Reader
	left *int64
}

func (l *limited) Read() (*record.Record, *record.Rejection, error) {
	if *l.left == 0 {
		return nil, nil, io.EOF
	}
	*l.left--
	return l.Reader.Read()
}

// choosing passes over records that are not to be run; claim is told of each,
// since it may hold a key that a later one wants.
type choosing struct {
	source.Reader
	slice  int
	wanted *wanted
	claim  func(slice int, rec *record.Record) error
}

func (c *choosing) Read() (*record.Record, *record.Rejection, error) {
	for {
		rec, rejection, err := c.Reader.Read()
		if err != nil {
			return nil, nil, err
		}
		included := c.wanted.includes(c.slice, rec)
		if c.wanted.err != nil {
			return nil, nil, c.wanted.err
		}
		if included {
			return rec, rejection, nil
		}
		if err := c.claim(c.slice, rec); err != nil {
			return nil, nil, err
		}
	}
}

// claimOnly notes the key of a record that is passed over.
func (f *feed) claimOnly(slice int, rec *record.Record) error {
	if f.keys == nil || rec.Ref.Key == "" {
		return nil
	}
	_, _, err := f.keys.Claim([]byte(rec.Ref.Key), rec.Ref.Key, place{slice, rec.Number}.packed())
	return err
}
