package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/source"
)

// shaped is a batch whose records are shaped and deduplicated; values[i] are
// record i's, in the order of the program's columns, or nil when it was
// rejected.
type shaped struct {
	*source.Batch
	values  [][]record.Value
	skipped int // records that a retry does not run again; they are no part of the batch
}

// feed reads a slice, shapes it, and hands on the batches that have no marker.
// It is the entity's one reader: what it has seen decides which of two records
// with one key goes on, so that never depends on how fast batches land.
type feed struct {
	*entityRun
	slice source.Slice
	out   chan *shaped

	keys   *dedupe.Seen
	tuples []*tupleSeen
}

// tupleSeen remembers one set of columns that must be unique.
type tupleSeen struct {
	places []int
	fields string
	seen   *dedupe.Seen
}

// tellEvery is how often a long scan says how far it is.
const tellEvery = 5 * time.Second

// seenBytes bounds the memory of each seen-set; beyond it, they spill.
const seenBytes = 24 << 20

func (f *feed) run(ctx context.Context) (err error) {
	if err := f.openSeen(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.closeSeen()) }()
	done, err := f.landed(ctx)
	if err != nil {
		return err
	}
	var reader source.Reader
	if f.wanted != nil {
		reader, err = f.Origin.Pick(ctx, f.slice, f.wanted)
	} else {
		reader, err = f.Origin.Read(ctx, f.slice, source.Position{})
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	if f.o.Limit > 0 {
		reader = &limited{Reader: reader, left: f.o.Limit}
	}
	if f.wanted != nil {
		reader = &choosing{Reader: reader, wanted: f.wanted, claim: f.claimOnly}
	}
	batches := source.NewBatches(reader, f.slice.Number, 0, source.Position{}, source.Limits{Records: f.o.Records, Bytes: f.o.Bytes})
	scanned, told := int64(0), time.Now()
	for {
		batch, err := batches.Next()
		if err != nil {
			return err // io.EOF is the end
		}
		shaped, err := f.shape(batch)
		if err != nil {
			return err
		}
		if batch.Ordinal < int64(len(done)) {
			// This batch landed in an earlier session of the run: it was read again
			// to know its keys, and to know that it is still the same.
			if [32]byte(done[batch.Ordinal].digest) != batch.Digest || done[batch.Ordinal].end != batch.End.String() {
				return fmt.Errorf("records %d to %d of %s are not what they were when the run read them: end this run with `landfall abandon %s` and run again",
					batch.Start.Number+1, batch.End.Number, f.OriginName, f.runner.run.Name)
			}
			scanned += int64(len(batch.Items))
			if batch.Ordinal+1 == int64(len(done)) || time.Since(told) > tellEvery {
				// Nothing is landed meanwhile, so nobody else tells anything.
				event := f.event(EventScanning)
				event.Message = fmt.Sprintf("read %d landed records again to know their keys", scanned)
				f.tell(event)
				told = time.Now()
			}
			if ctx.Err() != nil {
				return io.EOF
			}
			continue
		}
		select {
		case f.out <- shaped:
		case <-ctx.Done():
			return io.EOF
		}
	}
}

type landedBatch struct {
	digest []byte
	end    string
}

// landed lists the slice's batches that have a marker. With one lane they are
// gapless; a gap would mean damaged books.
func (f *feed) landed(ctx context.Context) ([]landedBatch, error) {
	if !f.resumed {
		return nil, nil
	}
	db, err := f.m.OpenTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx)
	var done []landedBatch
	err = f.ledger.Markers(ctx, tx, f.runner.run.ID, f.stored.ID, f.slice.Number, func(m *ledger.Marker) error {
		if m.Ordinal != int64(len(done)) || len(m.Digest) != 32 {
			return fmt.Errorf("marker %d of slice %s is missing from the books", len(done), f.slice.Name)
		}
		done = append(done, landedBatch{digest: m.Digest, end: m.End})
		return nil
	})
	return done, err
}

// openSeen makes the seen-sets: one for the source key unless the source proves
// it, one for each set of columns that the target wants unique.
func (f *feed) openSeen() error {
	if !f.Origin.KeyProven() {
		f.keys = dedupe.NewSeen(f.spill, seenBytes)
	}
	for _, places := range f.UniqueTuples() {
		f.tuples = append(f.tuples, &tupleSeen{
			places: places, fields: f.fieldNames(places), seen: dedupe.NewSeen(f.spill, seenBytes),
		})
	}
	return nil
}

func (f *feed) closeSeen() error {
	var err error
	if f.keys != nil {
		err = f.keys.Close()
	}
	for _, tuple := range f.tuples {
		err = errors.Join(err, tuple.seen.Close())
	}
	return err
}
