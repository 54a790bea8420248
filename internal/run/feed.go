package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// shaped is a batch whose records are shaped and deduplicated; values[i] are
// record i's, in the order of the program's columns, or nil when it was
// rejected.
type shaped struct {
	*source.Batch
	values [][]record.Value
	cells  []record.Value // what values are cut from
	turn   int64          // how many batches were handed to lanes before it
	// Where Landfall makes the keys: those that are reserved, and, of each record,
	// which of them it gets, counted from 1; 0 for none.
	block *crosswalk.Block
	keyAt []int
	// planned is what was foreseen of each record; nil where the run is held to no plan.
	planned []*Forecast
}

// cellsFor is blank memory for a batch's values: that of one that has landed,
// where it is large enough.
func (e *entityRun) cellsFor(size int) []record.Value {
	if landed, _ := e.landedCells.Get().(*[]record.Value); landed != nil && cap(*landed) >= size {
		cells := (*landed)[:size]
		clear(cells)
		return cells
	}
	return make([]record.Value, size)
}

// feed reads an entity's slices one after another, shapes them, and hands on
// the batches that have no marker. It is the entity's one reader: what it has
// seen decides which of two records with one key goes on, so that never depends
// on how fast batches land.
type feed struct {
	*entityRun
	out chan<- *shaped

	keys    *dedupe.Seen
	tuples  []*tupleSeen
	done    map[int][]landedBatch // slice -> its batches that have a marker, by ordinal
	left    int64                 // of --limit
	scanned int64
	turn    int64 // of the next batch that is handed on
	told    time.Time

	own     *target.Loader // reserves keys; nil where none are reserved here
	counts  bool           // the records are only counted: nothing is passed over, nothing reserved
	planned PlannedRecords // nil where the run is held to no plan
	// survivors: which of several records that are the same thing goes on is not
	// told by their order alone; nil where it is.
	survivors *survivors
	content   []byte
}

// tupleSeen remembers one set of columns that must be unique.
type tupleSeen struct {
	places []int
	folds  []bool // which of them an API compares regardless of case
	fields string
	seen   *dedupe.Seen
}

// tellEvery is how often a long scan says how far it is.
const tellEvery = 5 * time.Second

// seenBytes bounds the memory of each seen-set; beyond it, they spill.
const seenBytes = 24 << 20

// run returns io.EOF when all is read, or when nobody listens any more.
func (f *feed) run(ctx context.Context) (err error) {
	f.openSeen()
	defer func() { err = errors.Join(err, f.closeSeen(), f.closePlan()) }()
	if !f.counts {
		if err := f.openPlan(); err != nil {
			return err
		}
		if err := f.recallLanded(ctx); err != nil {
			return err
		}
		if f.makesKeys() && !f.rehearse && !f.expects && f.shadow == nil {
			f.own = f.ownLoader()
			defer f.own.Close(context.WithoutCancel(ctx))
		}
	}
	if err := f.openSurvivors(ctx); err != nil {
		return err
	}
	f.left, f.told = f.o.Limit, time.Now()
	for _, slice := range f.stored.Slices {
		if f.wanted != nil && f.wanted.total() == 0 {
			break
		}
		if err := f.readSlice(ctx, sliceOf(slice)); err != nil {
			return err
		}
	}
	if err := f.endPlanned(); err != nil {
		return err
	}
	return io.EOF
}

func (f *feed) readSlice(ctx context.Context, slice source.Slice) error {
	var reader source.Reader
	var err error
	if f.wanted != nil {
		reader, err = f.Origin.Pick(ctx, slice, f.wanted)
	} else {
		reader, err = f.Origin.Read(ctx, slice, source.Position{})
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	if f.o.Limit > 0 {
		reader = &limited{Reader: reader, left: &f.left}
	}
	if f.wanted != nil {
		reader = &choosing{Reader: reader, slice: slice.Number, wanted: f.wanted, claim: f.claimOnly}
	}
	batches := source.NewBatches(reader, slice.Number, 0, source.Position{}, source.Limits{Records: f.o.Records, Bytes: f.o.Bytes})
	for {
		batch, err := batches.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", slice.Name, err)
		}
		shaped, err := f.shape(batch)
		if err != nil {
			return err
		}
		if landed, err := f.passOver(batch); err != nil || landed {
			if err != nil || ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			continue
		}
		if f.turn == 0 && !f.counts {
			// No lane has a batch yet, so the run's own connection is free.
			if err := f.takeIndexes(ctx); err != nil {
				return err
			}
		}
		shaped.turn = f.turn
		if f.own != nil {
			if err := f.giveKeys(ctx, shaped); err != nil {
				return err
			}
		}
		select {
		case f.out <- shaped:
			f.turn++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// passOver reports whether the batch landed in an earlier session of the run.
// It was read again to know its keys, and to know that it is still the same.
func (f *feed) passOver(batch *source.Batch) (bool, error) {
	done := f.done[batch.Slice]
	if batch.Ordinal >= int64(len(done)) || done[batch.Ordinal].end == "" {
		return false, nil
	}
	if landed := done[batch.Ordinal]; landed.digest != batch.Digest || landed.end != batch.End.String() {
		return false, fmt.Errorf("records %d to %d of %s are not what they were when the run read them: end this run with `landfall abandon %s` and run again",
			batch.Start.Number+1, batch.End.Number, f.sliceName(batch.Slice), f.runner.run.Name)
	}
	f.scanned += int64(len(batch.Items))
	if time.Since(f.told) > tellEvery {
		event := f.event(EventScanning)
		event.Message = fmt.Sprintf("read %d landed records again to know their keys", f.scanned)
		f.tell(event)
		f.told = time.Now()
	}
	return true, nil
}

// landedBatch is what a marker says of a batch; the zero value is a gap that a
// lane left.
type landedBatch struct {
	digest [32]byte
	end    string
}

// recallLanded lists the batches that have a marker.
func (f *feed) recallLanded(ctx context.Context) error {
	f.done = map[int][]landedBatch{}
	if !f.resumed {
		return nil
	}
	own := &target.Loader{Open: f.m.OpenTarget, Dialect: f.books.Dialect(), Patience: f.o.Patience, Waiting: f.waiting}
	defer own.Close(ctx)
	return own.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		for _, slice := range f.stored.Slices {
			err := f.ledger.Markers(ctx, tx, f.runner.run.ID, f.stored.ID, slice.Number, func(m *ledger.Marker) error {
				done := f.done[slice.Number]
				for int64(len(done)) <= m.Ordinal {
					done = append(done, landedBatch{})
				}
				copy(done[m.Ordinal].digest[:], m.Digest)
				done[m.Ordinal].end = m.End
				f.done[slice.Number] = done
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// openSeen makes the seen-sets: one for the source key unless the source proves
// it, one for each set of columns that the target wants unique.
func (f *feed) openSeen() {
	if !f.Origin.KeyProven() || f.expects {
		f.keys = dedupe.NewSeen(f.spill, seenBytes)
	}
	for _, places := range f.UniqueTuples() {
		folds := make([]bool, len(places))
		for n, place := range places {
			folds[n] = f.FoldsCase(f.Program.Columns[place])
		}
		f.tuples = append(f.tuples, &tupleSeen{
			places: places, folds: folds, fields: f.fieldNames(places), seen: dedupe.NewSeen(f.spill, seenBytes),
		})
	}
}

func (f *feed) closeSeen() error {
	var err error
	if f.keys != nil && !f.expects {
		err = f.keys.Close()
	}
	for _, tuple := range f.tuples {
		err = errors.Join(err, tuple.seen.Close())
	}
	if f.survivors != nil {
		err = errors.Join(err, f.survivors.close())
	}
	return err
}
