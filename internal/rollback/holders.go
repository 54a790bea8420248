package rollback

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// holders finds the rows that hold what refused ones are to hold again, where a
// unique rule refused, and says which record's they are: the database names
// neither.
func (b *batch) holders(ctx context.Context, items []*item, refusals []target.Refusal) error {
	byColumns := map[string][]int{}
	var asked []string
	for n, refusal := range refusals {
		if _, unique := b.Table.UniqueOn(refusal.Columns); refusal.Code != record.CodeUnique || refusal.Holder != "" || !unique {
			continue
		}
		id := strings.Join(refusal.Columns, "\x00")
		if byColumns[id] == nil {
			asked = append(asked, id)
		}
		byColumns[id] = append(byColumns[id], n)
	}
	var found []string
	for _, id := range asked {
		var columns []sqldb.Column
		for _, name := range refusals[byColumns[id][0]].Columns {
			if column, ok := b.Table.Column(name); ok {
				columns = append(columns, *column)
			}
		}
		var places []int
		var tuples [][]record.Value
		for _, n := range byColumns[id] {
			if tuple := b.restored(items[refusals[n].Row], columns); tuple != nil {
				places, tuples = append(places, n), append(tuples, tuple)
			}
		}
		matched, err := b.lander.Match(ctx, b.tx, columns, tuples)
		if err != nil {
			return fmt.Errorf("looking for the rows that hold what others held: %w", err)
		}
		for at, n := range places {
			if matched[at].Count != 1 {
				continue
			}
			refusals[n].Holder = keyText(matched[at].Key)
			refusals[n].Message = "a row of the target holds the value already"
			found = append(found, refusals[n].Holder)
		}
	}
	owners, err := b.store.Owners(ctx, b.tx, found)
	if err != nil {
		return fmt.Errorf("looking up whose rows hold what others held: %w", err)
	}
	for n := range refusals {
		if owner, known := owners[refusals[n].Holder]; known && slices.Contains(found, refusals[n].Holder) {
			refusals[n].Holder += ", which is " + owner.String()
		}
	}
	return nil
}

// restored is what columns of a row hold once it is given back what it held; nil
// where that is not all known.
func (b *batch) restored(i *item, columns []sqldb.Column) []record.Value {
	var tuple []record.Value
	for _, column := range columns {
		at := placeOf(i.shape.Columns, column.Name)
		if at < 0 || i.before == nil {
			return nil
		}
		tuple = append(tuple, i.before[at])
	}
	return tuple
}
