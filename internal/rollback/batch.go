package rollback

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// batch is one attempt to undo some records of an entity.
type batch struct {
	*entityUndo
	group   *group
	tx      sqldb.Tx
	at      ledger.Place
	again   bool     // its records have waited before
	asked   []string // their keys, those among them that there is nothing to undo of
	items   []*item
	columns []sqldb.Column // that are read of each row
	found   []record.Ref   // of those that were asked for
	// Of an API: the records to read by calls, and their keys.
	looked     []*item
	lookedKeys [][]record.Value
}

// within is the batch's transaction from the lease to the marker.
func (b *batch) within(ctx context.Context, read func(context.Context, sqldb.Tx) ([]*item, error)) (*ledger.Marker, error) {
	if err := b.Check(ctx, b.tx); err != nil {
		return nil, err
	}
	b.point(run.PointBegun)
	if err := sqldb.PreferIndexes(ctx, b.tx, b.books.Dialect(), true); err != nil {
		return nil, err
	}
	var err error
	if b.items, err = read(ctx, b.tx); err != nil {
		return nil, err
	}
	if err := b.judge(ctx); err != nil {
		return nil, err
	}
	if err := b.referrers(ctx); err != nil {
		return nil, err
	}
	b.point(PointJudged)
	if err := b.restore(ctx); err != nil {
		return nil, err
	}
	if err := b.remove(ctx); err != nil {
		return nil, err
	}
	b.point(PointUndone)
	if err := b.remember(ctx); err != nil {
		return nil, err
	}
	b.point(run.PointCrosswalk)
	marker, err := b.tellAll(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.Lease.Keep(ctx, b.tx, b.run.Name); err != nil {
		return nil, err
	}
	b.point(run.PointLedger)
	return marker, nil
}

// recollectRows finds out what there is to undo, and reads the rows; those of an
// API are only made out, and read by calls.
func (b *batch) recollectRows(ctx context.Context) error {
	for _, step := range []func(context.Context) error{b.recall, b.know, b.images, b.look} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// judge finds out of every record what there is to undo, and whether its row is
// still what the run made of it.
func (b *batch) judge(ctx context.Context) error {
	if err := b.recollectRows(ctx); err != nil {
		return err
	}
	return b.judgeLooked(ctx)
}

// judgeLooked is the part of judge that follows when rows have been read.
func (b *batch) judgeLooked(ctx context.Context) error {
	for _, i := range b.items {
		if i.open() && !i.gone {
			b.judgeRow(i)
		}
		if i.open() && !i.gone && !b.run.Options.ThroughTriggers {
			b.judgeTriggers(i)
		}
	}
	if err := b.judgeDates(ctx); err != nil {
		return err
	}
	return b.sharers(ctx)
}

// remember makes the crosswalk what it was before the run. Keys that were given
// out stay burnt: entries of rows that the run made stay, as rolled back.
func (b *batch) remember(ctx context.Context) error {
	var back, ended, forgotten []string
	for _, i := range b.items {
		switch {
		case !i.open():
		case i.hasFormer:
			back = append(back, i.line.Key)
		case i.deed == made:
			ended = append(ended, i.line.Key)
		default:
			forgotten = append(forgotten, i.line.Key)
		}
	}
	if err := b.store.Mark(ctx, b.tx, ended, crosswalk.StateRolledBack); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := b.store.Forget(ctx, b.tx, forgotten); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := b.store.PutBack(ctx, b.tx, b.runner.undone.ID, back); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	return nil
}

// tellAll writes the ends of the records, and the marker. Those that wait for
// other rows are noted instead, and told later.
func (b *batch) tellAll(ctx context.Context) (*ledger.Marker, error) {
	var lines []ledger.Line
	var waiting []string
	var postponed []crosswalk.Pending
	digest := sha256.New()
	for _, i := range b.items {
		if i.untold {
			continue
		}
		if i.waits {
			if !b.again {
				postponed = append(postponed, crosswalk.Pending{SourceKey: i.line.Key, RecordNo: i.line.Number, Disposition: i.line.Disposition})
			}
			waiting = append(waiting, i.line.Key)
			continue
		}
		lines = append(lines, b.tellLine(i))
		fmt.Fprintf(digest, "%s\x00%d\n", i.line.Key, i.line.Number)
		if ref := b.ref(i.line.Key); b.only != nil {
			b.found = append(b.found, ref)
		}
	}
	if b.again {
		stillWaits := map[string]bool{}
		for _, key := range waiting {
			stillWaits[key] = true
		}
		settled := slices.DeleteFunc(b.asked, func(key string) bool { return stillWaits[key] })
		if err := b.store.Settled(ctx, b.tx, b.run.ID, settled); err != nil {
			return nil, err
		}
		if len(lines) == 0 {
			return nil, nil
		}
		var err error
		if b.at.Ordinal, err = b.ledger.NextOrdinal(ctx, b.tx, b.run.ID, b.stored.ID, b.at.Slice, "waiting"); err != nil {
			return nil, err
		}
	}
	if err := b.store.Postpone(ctx, b.tx, b.run.ID, postponed); err != nil {
		return nil, fmt.Errorf("noting what waits for other rows: %w", err)
	}
	marker := &ledger.Marker{Place: b.at, Start: "{}", End: "{}", Digest: digest.Sum(nil), Epoch: b.Lease.Epoch}
	if err := b.ledger.Write(ctx, b.tx, marker, lines); err != nil {
		return nil, fmt.Errorf("writing the ledger: %w", err)
	}
	return marker, nil
}

// tellLine is the end of a record in the rollback.
func (b *batch) tellLine(i *item) ledger.Line {
	line := ledger.Line{Key: i.line.Key, Number: i.line.Number, Line: i.line.Line, Disposition: record.Reversed, TargetKey: i.line.TargetKey}
	if i.inBooks && i.deed != noted {
		line.TargetKey = i.entry.TargetKey
	}
	switch {
	case i.why != nil:
		line.Disposition = i.end
		line.Entry = &ledger.Entry{Step: i.why.Step, Field: i.why.Field, Code: i.why.Code, Message: i.why.Message()}
	case i.gone:
		line.Entry = &ledger.Entry{Step: record.StepUndo, Message: GoneAlready}
	case i.note != "" || i.was != "":
		line.Entry = &ledger.Entry{Step: record.StepUndo, Message: i.note, Before: i.was, After: i.after}
	}
	return line
}
