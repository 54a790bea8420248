package run

import (
	"context"
	"io"

	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// place is where a record stands in an entity's input: numbers count the records
// of a slice.
type place struct {
	slice  int
	number int64
}

// wanted is the set of records that a run is limited to. For a retry each key
// carries the numbers of its open records: where one key stands in the input
// several times, only those that failed are run again.
type wanted struct {
	keys map[string]map[place]bool // nil places: every record of the key
	// landed are keys of which a record is on the target; where the numbers do
	// not fit any more, a record of such a key is taken for the one that landed.
	landed map[string]bool
	found  map[string]bool // keys that the source turned out to hold
}

// Has implements source.Wanted.
func (w *wanted) Has(key string) bool { _, ok := w.keys[key]; return ok }

// Keys implements source.Wanted.
func (w *wanted) Keys() []string {
	keys := make([]string, 0, len(w.keys))
	for key := range w.keys {
		keys = append(keys, key)
	}
	return keys
}

// total is how many records there are, as far as it is known before they are
// read.
func (w *wanted) total() int64 {
	total := int64(0)
	for _, places := range w.keys {
		total += int64(max(1, len(places)))
	}
	return total
}

// includes reports whether this very record is to be run.
func (w *wanted) includes(slice int, rec *record.Record) bool {
	places, ok := w.keys[rec.Ref.Key]
	if !ok {
		return false
	}
	return places == nil || places[place{slice, rec.Number}] || rec.Number == 0 || !w.landed[rec.Ref.Key]
}

// hasNumber reports whether a record of the key with this number is wanted, in
// whatever slice: the crosswalk does not know slices.
func (w *wanted) hasNumber(key string, number int64) bool {
	for at := range w.keys[key] {
		if at.number == number {
			return true
		}
	}
	return false
}

// choose finds out which records the run is limited to; nil means all.
func (e *entityRun) choose(ctx context.Context) (*wanted, error) {
	switch {
	case len(e.o.Only) > 0:
		w := &wanted{keys: map[string]map[place]bool{}, found: map[string]bool{}}
		for _, ref := range e.o.Only {
			if ref.Entity == e.Name {
				w.keys[ref.Key] = nil
			}
		}
		return w, nil
	case e.run.Options.Retry:
		return e.openRecords(ctx)
	}
	return nil, nil
}

// openRecords are those that did not land in the run that is retried, or, when
// none is named, in any run since the last one over all records, and that have
// not landed since.
func (e *entityRun) openRecords(ctx context.Context) (*wanted, error) {
	w := &wanted{keys: map[string]map[place]bool{}, landed: map[string]bool{}, found: map[string]bool{}}
	err := e.loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		open, err := e.ledger.Open(ctx, tx, e.run, e.stored.ID)
		if err != nil {
			return err
		}
		for _, o := range open {
			if w.keys[o.Key] == nil {
				w.keys[o.Key] = map[place]bool{}
			}
			w.keys[o.Key][place{o.Slice, o.Number}] = true
		}
		known, err := e.store.Lookup(ctx, tx, w.Keys())
		for key, row := range known {
			w.landed[key] = row.OnTarget() && !w.hasNumber(key, row.RecordNo)
		}
		return err
	})
	return w, err
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
		c.wanted.found[rec.Ref.Key] = true
		if c.wanted.includes(c.slice, rec) {
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

var _ source.Wanted = (*wanted)(nil)
