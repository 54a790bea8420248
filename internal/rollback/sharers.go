package rollback

import (
	"context"
	"fmt"

	"landfall/internal/record"
)

// sharers keeps rows in which other records are that are not undone: rows that
// go, and those whose keys go back.
func (b *batch) sharers(ctx context.Context) error {
	leaving := map[string]*item{} // by target key
	var keys []string
	for _, i := range b.items {
		if i.open() && !i.gone && (i.deed == made || i.deed == changed && i.hasFormer && i.former.TargetKey != i.entry.TargetKey) {
			leaving[i.entry.TargetKey] = i
			keys = append(keys, i.entry.TargetKey)
		}
	}
	undone := b.runner.undone
	others, err := b.store.Sharers(ctx, b.tx, keys, undone.ID, false, 2)
	if err != nil {
		return fmt.Errorf("looking for records that are in rows that go: %w", err)
	}
	for _, other := range others {
		// A record may be its own row's later owner, where a later run's rollback kept it.
		if i := leaving[other.TargetKey]; !i.open() || other.Migration == undone.Migration && other.Ref == b.ref(i.line.Key) {
			continue
		}
		of := "run " + other.Run
		if other.Migration != undone.Migration {
			of += " of migration " + other.Migration
		}
		leaving[other.TargetKey].keep(record.Blocked, record.CodeLaterRun, "", "%s is in the same row since %s: roll that back first", other.Ref, of)
	}
	if b.only == nil {
		return nil
	}
	// All that are asked for go; one more tells of somebody else.
	others, err = b.store.Sharers(ctx, b.tx, keys, undone.ID, true, len(b.only)+1)
	if err != nil {
		return fmt.Errorf("looking for records that are in rows that go: %w", err)
	}
	for _, other := range others {
		if _, asked := b.only[other.Ref]; !asked && leaving[other.TargetKey].open() {
			leaving[other.TargetKey].keep(record.Kept, record.CodeReferenced, "", "%s is in the same row, and is not to be undone", other.Ref)
		}
	}
	return nil
}
