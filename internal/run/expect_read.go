package run

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Expected is a source record and the row that must stand for it.
type Expected struct {
	Ref    record.Ref
	Number int64
	Line   int64
	// Rejection is why no row can be told; Later says that another record has its
	// key and comes first.
	Rejection *record.Rejection
	Later     bool
	Row       []record.Value // in the order of the entity's Columns; a key that the target gives is NULL
	Hash      record.Hash    // of Row, as the crosswalk keeps it
	Entry     crosswalk.Row  // what the crosswalk says, as far as InBooks
	InBooks   bool
}

// ExpectedBatch are neighbouring records of a slice, seen in one snapshot.
type ExpectedBatch struct {
	Slice   int
	Ordinal int64
	Read    int64 // records of the source, those that a sample passed over included
	Records []Expected
	// Causes tell why records that are not on the target, or not as the source has
	// them now, did not land, by key, as far as a run has said so.
	Causes map[string]ledger.Cause
	// Note is for whoever judges.
	Note any

	shapes *landing
}

// Judge is told of every batch.
type Judge interface {
	// Judge sees a batch in the snapshot in which it was looked up; it may be
	// called again for the same records, and from several goroutines. When it is
	// in doubt, Again follows in a later snapshot.
	Judge(ctx context.Context, tx sqldb.Tx, b *ExpectedBatch) (doubts bool, err error)
	Again(ctx context.Context, tx sqldb.Tx, b *ExpectedBatch) error
	// Told follows for each batch, in their order and from one goroutine at a time.
	Told(ctx context.Context, b *ExpectedBatch) error
}

// Read reads the entity's source to its end. Batches that are passed are only
// read to know their keys. It returns ErrStopped when it was asked to stop.
func (e *ExpectedEntity) Read(ctx context.Context, lanes int, passed func(slice int, ordinal int64) bool, judge Judge) error {
	if e.stored.ID == 0 && len(e.stored.Slices) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *shaped)
	feed := &feed{entityRun: e.entityRun, out: batches}
	fed := make(chan error, 1)
	go func() {
		err := feed.run(ctx)
		e.keys = feed.keys
		fed <- err
		close(batches)
	}()
	err := e.judgeAll(ctx, lanes, batches, passed, judge)
	cancel()
	for range batches { // let the feed see that nobody listens any more
	}
	if feedErr := <-fed; err == nil && !errors.Is(feedErr, io.EOF) {
		return feedErr
	}
	return err
}

// job is a batch on its way through one of the lanes.
type job struct {
	batch *shaped
	done  chan *ExpectedBatch
}

// judgeAll lets lanes work side by side, and tells of batches in their order.
func (e *ExpectedEntity) judgeAll(ctx context.Context, lanes int, batches <-chan *shaped, passed func(int, int64) bool, judge Judge) error {
	group, ctx := errgroup.WithContext(ctx)
	jobs, order := make(chan *job), make(chan *job, lanes)
	group.Go(func() error {
		defer close(order)
		defer close(jobs)
		for batch := range batches {
			if e.stopAsked() {
				return ErrStopped
			}
			if passed(batch.Slice, batch.Ordinal) {
				continue
			}
			j := &job{batch: batch, done: make(chan *ExpectedBatch, 1)}
			for _, to := range []chan<- *job{order, jobs} {
				select {
				case to <- j:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range lanes {
		group.Go(func() error {
			loader := &target.Loader{Open: e.m.OpenTarget, Dialect: e.books.Dialect(), Patience: e.o.Patience, Waiting: e.waiting}
			defer loader.Close(context.WithoutCancel(ctx))
			own := e.newLane(loader)
			for j := range jobs {
				b, err := own.expect(ctx, e, j.batch, judge)
				if err != nil {
					return fmt.Errorf("records %d to %d: %w", j.batch.Start.Number+1, j.batch.End.Number, err)
				}
				j.done <- b
			}
			return nil
		})
	}
	group.Go(func() error {
		for j := range order {
			select {
			case b := <-j.done:
				if err := judge.Told(ctx, b); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}

// expect finds out what must stand for the records of a batch, and has it
// judged.
func (l *lane) expect(ctx context.Context, e *ExpectedEntity, batch *shaped, judge Judge) (*ExpectedBatch, error) {
	read := int64(len(batch.Items))
	if e.sample != nil {
		batch = sampled(batch, e.sample)
	}
	var b *ExpectedBatch
	doubts := false
	err := l.lookAPI(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		at := &landing{lane: l, tx: tx, batch: batch, units: make([]unit, len(batch.Items))}
		b = &ExpectedBatch{Slice: batch.Slice, Ordinal: batch.Ordinal, Read: read, shapes: at}
		if err := sqldb.PreferIndexes(ctx, tx, l.books.Dialect(), true); err != nil {
			return err
		}
		if err := at.expected(ctx, b); err != nil {
			return err
		}
		var err error
		doubts, err = judge.Judge(ctx, tx, b)
		return err
	})
	if err != nil || !doubts {
		return b, err
	}
	e.point(PointDoubted)
	err = l.lookAPI(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		if err := sqldb.PreferIndexes(ctx, tx, l.books.Dialect(), true); err != nil {
			return err
		}
		return judge.Again(ctx, tx, b)
	})
	return b, err
}

// lookAPI is a look of which questions to an API are asked between transactions.
func (l *lane) lookAPI(ctx context.Context, within func(context.Context, sqldb.Tx) error) error {
	return lookAsking(ctx, &asks{}, func(ctx context.Context) error { return l.Loader.Look(ctx, within) })
}

// sampled keeps the records of a batch that a sample is of.
func sampled(batch *shaped, sample func(*record.Ref) bool) *shaped {
	few := *batch.Batch
	few.Items = nil
	out := &shaped{Batch: &few}
	for i := range batch.Items {
		if sample(&batch.Items[i].Ref) {
			few.Items = append(few.Items, batch.Items[i])
			out.values = append(out.values, batch.values[i])
		}
	}
	return out
}

// expected is the way of the batch's records up to the rows that must stand for
// them.
func (l *landing) expected(ctx context.Context, b *ExpectedBatch) error {
	if err := l.recogniseAll(ctx); err != nil {
		return err
	}
	if err := l.resolve(ctx); err != nil {
		return err
	}
	b.Records = make([]Expected, len(l.units))
	var open []string
	for i := range l.units {
		u, item := &l.units[i], &l.batch.Items[i]
		x := &b.Records[i]
		*x = Expected{
			Ref: item.Ref, Number: item.Number, Line: item.Line, Rejection: u.rejection, Later: notFirst(u.rejection) || replaced(u),
			Entry: u.entry, InBooks: u.inBooks,
		}
		if u.rejection == nil {
			x.Row, x.Hash = u.row, l.hasher.Sum(u.row)
		}
		asWritten := x.Entry.HasHash && x.Entry.ShapeID == l.shapeID && x.Entry.Hash == x.Hash
		if !x.Later && x.Ref.Key != "" && (x.Rejection != nil || !x.InBooks || !x.Entry.OnTarget() || !asWritten) {
			open = append(open, x.Ref.Key)
		}
	}
	var err error
	b.Causes, err = l.ledger.LastCauses(ctx, l.tx, l.since, l.stored.ID, open)
	return err
}

// recogniseAll is recognise for rejected records, too: what became of them
// earlier is asked for.
func (l *landing) recogniseAll(ctx context.Context) error {
	keys := make([]string, 0, len(l.units))
	for i := range l.units {
		l.units[i].rejection = l.batch.Items[i].Rejection
		if key := l.batch.Items[i].Ref.Key; key != "" && !notFirst(l.units[i].rejection) {
			keys = append(keys, key)
		}
	}
	known, err := l.store.Lookup(ctx, l.tx, keys)
	if err != nil {
		return fmt.Errorf("looking up the crosswalk: %w", err)
	}
	for i := range l.units {
		if u := &l.units[i]; !notFirst(u.rejection) {
			u.entry, u.inBooks = known[l.batch.Items[i].Ref.Key]
		}
	}
	return nil
}

// OldShape tells the hash of a row under a shape of an earlier mapping: the
// columns to read, and how to hash their values. known is false where a column
// is gone.
func (b *ExpectedBatch) OldShape(ctx context.Context, tx sqldb.Tx, id int64) (columns []sqldb.Column, sum func([]record.Value) record.Hash, known bool, err error) {
	b.shapes.tx = tx
	shape, err := b.shapes.shape(ctx, id)
	if err != nil {
		return nil, nil, false, err
	}
	return shape.Columns, func(values []record.Value) record.Hash { return shape.Sum(values, shape.Columns) }, shape.Known, nil
}

// Sum is the hash of a row whose values stand in the order of the entity's
// Columns.
func (b *ExpectedBatch) Sum(row []record.Value) record.Hash { return b.shapes.hasher.Sum(row) }
