package ledger

import (
	"context"

	"landfall/internal/sqldb"
)

// OpenRecord is a record that did not land: failed, blocked or unknown.
type OpenRecord struct {
	Key    string
	Number int64
}

// Open lists the entity's records that a retry, itself already written as run,
// is to run again. When the run names a parent, they are the parent's; else
// those of the last completed run over all records and of every run since, as
// far as no later run brought them to a good end.
func (l *Ledger) Open(ctx context.Context, tx sqldb.Tx, run *Run, entityID int64) ([]OpenRecord, error) {
	from, to := run.ParentID, run.ParentID
	if run.ParentID == 0 {
		runs, err := l.Runs(ctx, tx, run.Migration)
		if err != nil {
			return nil, err
		}
		from, to = 0, run.ID-1
		for _, earlier := range runs {
			if earlier.ID < run.ID && earlier.State == Completed && earlier.Kind() == KindAll {
				from = earlier.ID
				break
			}
		}
	}
	var order []OpenRecord
	open := map[OpenRecord]bool{}
	err := l.Entries(ctx, tx, func(told *Told) error {
		o := OpenRecord{Key: told.Key, Number: told.Number}
		if _, seen := open[o]; !seen {
			order = append(order, o)
		}
		open[o] = told.Disposition.NeedsRetry()
		return nil
	}, "e.entity_id = ? AND e.run_id >= ? AND e.run_id <= ?", entityID, from, to)
	records := order[:0]
	for _, o := range order {
		if open[o] {
			records = append(records, o)
		}
	}
	return records, err
}
