package rollback

import (
	"context"
	"encoding/json"
	"fmt"

	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/record"
)

// aside is the records of an entity whose rows the run changed and that cannot be
// given back what they held before others have gone. There may be as many as the
// run has: they are on disk.
type aside struct {
	*entityUndo
	spool *dedupe.Spool
}

// putBy is what is put aside of a record: what the books do not tell again once
// its row has been touched.
type putBy struct {
	Key         string
	Number      int64
	Disposition record.Disposition
	Was         string // the row as it was found
}

// putAside keeps judged records for eachAside.
func (t *together) putAside(e *entityUndo, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	if len(t.aside) == 0 || t.aside[len(t.aside)-1].entityUndo != e {
		spool, err := dedupe.NewSpool("")
		if err != nil {
			return fmt.Errorf("putting records aside: %w", err)
		}
		t.aside = append(t.aside, &aside{entityUndo: e, spool: spool})
	}
	spool := t.aside[len(t.aside)-1].spool
	for _, i := range items {
		text, err := json.Marshal(putBy{i.line.Key, i.line.Number, i.line.Disposition, i.was})
		if err != nil {
			return err
		}
		if err := spool.Append(text); err != nil {
			return fmt.Errorf("putting records aside: %w", err)
		}
	}
	return nil
}

// drop forgets what was put aside.
func (t *together) drop() {
	for _, a := range t.aside {
		_ = a.spool.Close() // only room on the disk is lost
	}
	t.aside = nil
}

// eachAside hands the records to work, batch by batch. Their rows were judged and
// locked when they were put aside, and are not looked at again.
func (t *together) eachAside(ctx context.Context, work func(*batch) error) error {
	for _, a := range t.aside {
		b := t.batch(a.entityUndo)
		for text, err := range a.spool.All() {
			if err != nil {
				return err
			}
			var kept putBy
			if err := json.Unmarshal(text, &kept); err != nil {
				return fmt.Errorf("reading what was put aside: %w", err)
			}
			b.asked = append(b.asked, kept.Key)
			b.items = append(b.items, &item{line: ledger.Line{Key: kept.Key, Number: kept.Number, Disposition: kept.Disposition}, was: kept.Was})
			if len(b.items) < a.size() {
				continue
			}
			if err := b.takeUp(ctx, work); err != nil {
				return err
			}
			b = t.batch(a.entityUndo)
		}
		if err := b.takeUp(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// takeUp finds again what there is to give back, and hands the batch to work.
func (b *batch) takeUp(ctx context.Context, work func(*batch) error) error {
	if len(b.items) == 0 {
		return nil
	}
	for _, step := range []func(context.Context) error{b.recall, b.know, b.images} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, i := range b.items {
		if !i.open() || i.deed != changed {
			return fmt.Errorf("the books say something else of %s than a moment ago: %v", b.ref(i.line.Key), i.why)
		}
		b.imaged(i)
	}
	return work(b)
}
