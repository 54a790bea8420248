package rollback

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/connector/table"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// doomedMark names the set of a batch; sets of a whole group have names of
// their own beside it.
const doomedMark = "batch"

// shownReferrers is how many of the rows that refer to one are looked at, where
// they may be about to go themselves. If all of them are, the row waits.
const shownReferrers = 20

// referrers finds the rows that refer to those that are to go. A row that is
// referred to by one that stays is kept; one that is referred to by rows that
// are still to be undone waits for them.
func (b *batch) referrers(ctx context.Context) error {
	if err := b.moved(ctx); err != nil {
		return err
	}
	items, places, keys := b.goers(func(i *item) bool { return i.deed == made })
	if len(items) == 0 || len(b.refs) == 0 {
		return nil
	}
	doomed, err := b.lander.Doom(ctx, b.tx, doomedMark)
	if err != nil {
		return err
	}
	if err := doomed.Add(ctx, b.tx, places, keys); err != nil {
		return err
	}
	// Rows that stay may keep others of the batch, so the question is asked until
	// all that are left are only referred to by each other.
	for {
		spared, err := b.askReferrers(ctx, doomed, items)
		if err != nil {
			return err
		}
		if len(spared) == 0 {
			return nil
		}
		if err := doomed.Spare(ctx, b.tx, spared); err != nil {
			return err
		}
	}
}

// goers are the records whose rows are about to be written.
func (b *batch) goers(which func(*item) bool) (items []*item, places []int64, keys [][]record.Value) {
	for _, i := range b.items {
		if i.open() && !i.gone && i.deed != noted && which(i) {
			places = append(places, int64(len(items)))
			items, keys = append(items, i), append(keys, i.key)
		}
	}
	return items, places, keys
}

// askReferrers asks once over every reference, and returns the places of the
// rows that do not go now.
func (b *batch) askReferrers(ctx context.Context, doomed *table.Doomed, items []*item) (spared []int64, err error) {
	for _, by := range b.refs {
		members := b.group.membersOf(by.From)
		var among *table.Doomed
		most := 1
		if by.From == b.Table.Name {
			among = doomed
		}
		if len(members) > 0 {
			most = shownReferrers
		}
		found, err := doomed.Referrers(ctx, b.tx, named(by, members), among, most, 0)
		if err != nil {
			return nil, fmt.Errorf("looking for rows of %s that refer to rows that go: %w", by.From, err)
		}
		staying, err := b.staying(ctx, members, found)
		if err != nil {
			return nil, err
		}
		for n, referrer := range found {
			i := items[referrer.Place]
			if !staying[n] {
				if i.open() {
					i.waits = true
					spared = append(spared, referrer.Place)
				}
				continue
			}
			if i.why == nil {
				if !i.waits {
					spared = append(spared, referrer.Place)
				}
				i.waits = false
				i.refer(by, referrer)
			}
		}
	}
	return spared, nil
}

// named lets rows of a table that the run wrote to be named by the key that the
// crosswalk knows them by.
func named(by sqldb.Reference, members []*entityUndo) sqldb.Reference {
	if len(members) > 0 {
		by.Key = nil
		for _, column := range members[0].Key {
			by.Key = append(by.Key, column.Name)
		}
	}
	return by
}

// refer says that a row that stays refers to the record's.
func (i *item) refer(by sqldb.Reference, referrer table.Referrer) {
	row := "a row of " + by.From.String()
	if len(referrer.Key) > 0 {
		row = fmt.Sprintf("row %s of %s", keyText(referrer.Key), by.From)
	}
	field := strings.Join(by.Referenced, ", ")
	if carries(by.OnDelete) {
		i.keep(record.Blocked, record.CodeCascade, field, "%s refers to it by %s, ON DELETE %s: the target would go on to change what the run did not write; see to that row first", row, strings.Join(by.Columns, ", "), by.OnDelete)
		return
	}
	how := strings.Join(by.Columns, ", ")
	if by.Undeclared {
		how += ", a reference of the mapping"
	}
	i.keep(record.Kept, record.CodeReferenced, field, "%s refers to it by %s", row, how)
}

// carries reports whether a foreign key's action goes on from the row that is
// referred to.
func carries(action string) bool {
	return action == "CASCADE" || action == "SET NULL" || action == "SET DEFAULT"
}

// staying tells of rows that refer to others whether they are not to be undone
// themselves: nobody's rows, and those of records that the rollback has come to
// an end with already.
func (b *batch) staying(ctx context.Context, members []*entityUndo, found []table.Referrer) ([]bool, error) {
	stay := make([]bool, len(found))
	texts := make([]string, len(found))
	for n, referrer := range found {
		stay[n] = true
		texts[n] = keyText(referrer.Key)
	}
	for _, e := range members {
		texts := slices.Compact(slices.Sorted(slices.Values(texts)))
		owners, err := e.store.Owning(ctx, b.tx, texts)
		if err != nil {
			return nil, err
		}
		var keys []string
		for _, owner := range owners {
			keys = append(keys, owner.SourceKey)
		}
		ended, err := b.ledger.LastTold(ctx, b.tx, b.run.ID, e.stored.ID, keys)
		if err != nil {
			return nil, err
		}
		here := map[string]*item{} // of this batch, which is not told yet
		if e == b.entityUndo {
			for _, i := range b.items {
				here[i.line.Key] = i
			}
		}
		for n, referrer := range found {
			owner, owned := owners[keyText(referrer.Key)]
			if !owned || owner.LastRun != e.runner.undone.ID || ended[owner.SourceKey] != nil {
				continue
			}
			if i := here[owner.SourceKey]; i != nil && i.why != nil {
				continue
			}
			if _, wanted := e.only[e.ref(owner.SourceKey)]; wanted || e.only == nil {
				stay[n] = false
			}
		}
	}
	return stay, nil
}

// moved finds changed rows whose values others refer to, where putting the
// values back would carry on to those others, or leave them without a parent.
func (b *batch) moved(ctx context.Context) error {
	for _, by := range b.refs {
		items, places, keys := b.goers(func(i *item) bool {
			return i.deed == changed && slices.ContainsFunc(by.Referenced, func(name string) bool {
				at := placeOf(i.shape.Columns, name)
				return at >= 0 && i.before[at] != i.row[i.shape.places[at]]
			})
		})
		if len(items) == 0 {
			continue
		}
		doomed, err := b.lander.Doom(ctx, b.tx, doomedMark)
		if err != nil {
			return err
		}
		if err := doomed.Add(ctx, b.tx, places, keys); err != nil {
			return err
		}
		found, err := doomed.Referrers(ctx, b.tx, by, nil, 1, 0)
		if err != nil {
			return fmt.Errorf("looking for rows of %s that refer to rows whose keys go back: %w", by.From, err)
		}
		for _, referrer := range found {
			i := items[referrer.Place]
			row := "a row of " + by.From.String()
			if len(referrer.Key) > 0 {
				row = fmt.Sprintf("row %s of %s", keyText(referrer.Key), by.From)
			}
			if field := strings.Join(by.Referenced, ", "); carries(by.OnUpdate) {
				i.keep(record.Blocked, record.CodeCascade, field, "%s refers to it, ON UPDATE %s: the target would go on to change what the run did not write", row, by.OnUpdate)
			} else {
				i.keep(record.Kept, record.CodeReferenced, field, "%s refers to what it holds now", row)
			}
		}
	}
	return nil
}
