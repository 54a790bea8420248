package run

import (
	"fmt"
	"slices"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/target"
)

// refuseKeys keeps rows out whose natural key the crosswalk cannot hold: it
// finds rows by their keys, so nothing may be missing in one, and it is indexed.
// Here one record fails; in the crosswalk the whole batch would.
func (l *landing) refuseKeys() {
	if l.To.NewKey != mapping.KeyNatural {
		return
	}
	places := make([]int, len(l.Key))
	for n := range l.Key {
		places[n] = columnPlace(l.Columns, l.Key[n].Name)
	}
	l.each(func(i int, u *unit) *record.Rejection {
		if u.action != target.Create && u.action != target.Update && u.action != target.Adopt {
			return nil
		}
		if u.action != target.Create && slices.ContainsFunc(places, func(place int) bool { return l.Program.Once[place] }) {
			return nil // the row keeps the key that it has
		}
		rejection := &record.Rejection{Ref: l.batch.Items[i].Ref, Step: record.StepDecide, Field: fieldList(l.Key)}
		for n, place := range places {
			filledLater := slices.ContainsFunc(u.within, func(w inBatch) bool { return w.place == place })
			if u.row[place].IsNull() && !filledLater {
				rejection.Code, rejection.Field = record.CodeNotNull, l.Key[n].Name
				rejection.Err = fmt.Errorf("it is part of the row's key, and without all of it the row would not be found again")
				return rejection
			}
		}
		if long := len(joinKey(l.naturalKey(u.row))); long > source.MaxKey {
			rejection.Code = record.CodeTooLong
			rejection.Err = fmt.Errorf("the row's key has %d bytes as text, and the books keep %d at most", long, source.MaxKey)
			return rejection
		}
		return nil
	})
}
