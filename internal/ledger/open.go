package ledger

import (
	"context"

	"landfall/internal/sqldb"
)

// OpenRecord is a record that did not land: failed, blocked or unknown.
type OpenRecord struct {
	Key    string
	Slice  int // numbers count the records of a slice
	Number int64
}

// Open lists the entity's records that a retry, itself already written as run,
// is to run again. When the run names a parent, they are the parent's; else
// those of the last completed run over all records and of every run since, as
// far as no later run brought them to a good end.
func (l *Ledger) Open(ctx context.Context, tx sqldb.Tx, run *Run, entityID int64) ([]OpenRecord, error) {
	from, to := run.ParentID, run.ParentID
	others := map[int64]*Run{} // runs that read another file for some entity
	if run.ParentID == 0 {
		runs, err := l.Runs(ctx, tx, run.Migration)
		if err != nil {
			return nil, err
		}
		from, to = 0, run.ID-1
		for _, earlier := range runs {
			if len(earlier.Options.Inputs) > 0 {
				others[earlier.ID] = earlier
			}
			if earlier.ID < run.ID && earlier.State == Completed && earlier.Kind() == KindAll {
				from = earlier.ID
				break
			}
		}
	}
	var order []OpenRecord
	open := map[OpenRecord]bool{}
	ofKey := map[string][]OpenRecord{}
	err := l.Entries(ctx, tx, func(told *Told) error {
		o := OpenRecord{Key: told.Key, Slice: told.Slice, Number: told.Number}
		failed := told.Disposition.NeedsRetry()
		if other := others[told.RunID]; other != nil && other.Options.Inputs[told.Entity] != "" && len(ofKey[o.Key]) > 0 {
			// Another file counts its records in its own way: only keys compare, and
			// what landed from it is open no more.
			for _, known := range ofKey[o.Key] {
				open[known] = open[known] && failed
			}
			return nil
		}
		if _, seen := open[o]; !seen {
			order = append(order, o)
			ofKey[o.Key] = append(ofKey[o.Key], o)
		}
		open[o] = failed
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
