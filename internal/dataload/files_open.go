package dataload

import (
	"context"
	"errors"
	"io"
	"slices"

	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
)

// leftAtOnce is how many calls without an answer are read at a time.
const leftAtOnce = 500

// leftOpen are the records, by their numbers, that a run which was broken off has
// set about to send and that have no end yet. They are no more than were under way
// at a time.
func leftOpen(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, r *ledger.Run, entity *ledger.Entity) ([]int64, error) {
	if r.State.Ended() {
		return nil, nil
	}
	var numbers []int64
	for after := ""; ; {
		page, err := intent.Of(l.Books(), entity.ID).Page(ctx, tx, after, leftAtOnce)
		if err != nil || len(page) == 0 {
			slices.Sort(numbers)
			return numbers, err
		}
		after = page[len(page)-1].SourceKey
		for i := range page {
			if page[i].RunID == r.ID {
				numbers = append(numbers, page[i].Number)
			}
		}
	}
}

// unanswered writes those that come before a record into the file of what is to
// be retried, and returns those behind it. The record itself has an end that says
// so, too.
func (f *files) unanswered(w *walk, numbers []int64, before int64) ([]int64, error) {
	for len(numbers) > 0 && numbers[0] <= before {
		if number := numbers[0]; number < before {
			if err := w.to(number); err != nil {
				return nil, err
			}
			f.counts.Processed++
			f.counts.Retry++
			f.log.Errorf("line %d (physical line %d): unknown: the run was broken off before it was known what became of it", number+1, w.rec.Line)
			if err := f.again(kindRetry, w); err != nil {
				return nil, err
			}
		}
		numbers = numbers[1:]
	}
	return numbers, nil
}

// notLoaded counts the records that the run has not come to.
func (f *files) notLoaded(w *walk) error {
	last := int64(0)
	if w.rec != nil {
		last = w.rec.Number
	}
	for {
		rec, _, err := w.reader.Read() // whatever is wrong with it, the run will tell
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		last = rec.Number
	}
	f.counts.NotLoaded = max(last-(f.o.StartAt-1)-f.counts.Processed, 0)
	return nil
}
