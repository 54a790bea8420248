package run

import (
	"context"
	"fmt"

	"landfall/internal/record"
)

// refuseTwins keeps a record that failed as the second of its key from being
// taken for a change of the first, when it comes again in a file of its own,
// such as a retry file, in which the first does not stand. Where the first is
// in the input too, reading tells them apart.
func (l *landing) refuseTwins(ctx context.Context) error {
	if l.runner.run.Options.Inputs[l.Name] == "" {
		return nil
	}
	var keys []string
	changes := func(u *unit) bool { return u.situation.Known && !u.situation.SameSource }
	l.each(func(i int, u *unit) *record.Rejection {
		if changes(u) {
			keys = append(keys, l.batch.Items[i].Ref.Key)
		}
		return nil
	})
	causes, err := l.ledger.LastCauses(ctx, l.tx, l.since, l.stored.ID, keys)
	if err != nil {
		return fmt.Errorf("looking for doubles: %w", err)
	}
	l.each(func(i int, u *unit) *record.Rejection {
		ref := l.batch.Items[i].Ref
		cause, failed := causes[ref.Key]
		if !failed || !changes(u) || cause.Code != record.CodeDuplicateKey || cause.Field != "" {
			return nil
		}
		return &record.Rejection{
			Ref: ref, Step: record.StepDedupe, Code: record.CodeDuplicateKey,
			Err: fmt.Errorf("%s landed as record %d of its input, and another record of that key failed in run %s: give this one a key of its own",
				ref, u.entry.RecordNo, cause.RunName),
		}
	})
	return nil
}
