package httpapi

import (
	"context"
	"errors"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Settle implements target.Remote.
func (r *remote) Settle(ctx context.Context, orders []target.Order) ([]target.Outcome, error) {
	outcomes := make([]target.Outcome, len(orders))
	var byKey, byContent []int
	for i := range orders {
		outcomes[i] = target.Outcome{State: target.Unknown, Unaskable: true, Message: "the API has no way to look it up"}
		switch {
		case orders[i].Deed == target.DeedCreate && orders[i].Key == nil:
			byContent = append(byContent, i)
		default:
			byKey = append(byKey, i)
		}
	}
	if err := r.settleByKey(ctx, orders, outcomes, byKey); err != nil {
		return outcomes, err
	}
	return outcomes, r.settleCreates(ctx, orders, outcomes, byContent)
}

// settleByKey looks at records whose keys are known.
func (r *remote) settleByKey(ctx context.Context, orders []target.Order, outcomes []target.Outcome, places []int) error {
	if len(places) == 0 {
		return nil
	}
	if !r.Abilities().Fetch {
		return r.settleBySending(ctx, orders, outcomes, places)
	}
	keys := make([][]record.Value, len(places))
	var columns []sqldb.Column
	for i, place := range places {
		keys[i] = orders[place].Key
		for _, column := range orders[place].Columns {
			if !hasColumn(columns, column.Name) {
				columns = append(columns, column)
			}
		}
	}
	found, err := r.byKey(ctx, r.wholeKeys(keys), columns)
	if err != nil {
		return apart(err, outcomes, places, func(half []int) error { return r.settleByKey(ctx, orders, outcomes, half) })
	}
	for i, place := range places {
		s, there := found[canonical(keys[i], r.keys)]
		outcomes[place] = r.judged(&orders[place], s, there)
	}
	return nil
}

// apart settles halves of orders of which one cannot be looked up, until it is
// alone: that one stays unknown, and the others do not wait for it. Other errors
// are the end.
func apart(err error, outcomes []target.Outcome, places []int, settle func([]int) error) error {
	var not *errNotAsked
	if !errors.As(err, &not) {
		return err
	}
	if len(places) == 1 {
		outcomes[places[0]] = target.Outcome{State: target.Unknown, Unaskable: true, Message: "the API does not look it up: " + not.Error()}
		return nil
	}
	middle := len(places) / 2
	if err := settle(places[:middle]); err != nil {
		return err
	}
	return settle(places[middle:])
}

// judged says what became of an order from what stands under its key now.
func (r *remote) judged(o *target.Order, s seen, there bool) target.Outcome {
	done := target.Outcome{State: target.Done, Verified: true}
	absent := target.Outcome{State: target.Absent}
	switch o.Deed {
	case target.DeedDelete:
		if there {
			return absent
		}
		return done
	case target.DeedCreate:
		if !there {
			return absent
		}
		done.Key = o.Key
		// A key that we made up is nobody else's by chance.
		var known []string
		if hasColumns(o.Columns, r.Key) {
			known = r.Key
		}
		return r.whose(o, s, known, done)
	}
	if !there {
		return target.Outcome{State: target.Refused, Code: record.CodeMissing, Message: "the record is gone"}
	}
	now := r.values(s, o.Columns)
	hidden := false
	var strange []string
	same := true
	for i, column := range o.Columns {
		switch {
		case column.Hidden:
			hidden = true
		case sameValue(column, now[i], o.Values[i]):
		case o.Before == nil || sameValue(column, now[i], o.Before[i]):
			same = false
		default:
			same = false
			strange = append(strange, column.Name)
		}
	}
	switch {
	case len(strange) > 0:
		return target.Outcome{State: target.Refused, Code: record.CodeEdited, Columns: strange, Message: "the record was changed by somebody else meanwhile"}
	case same && o.Incomplete && !r.marked(o, s):
		return notTold()
	case same && (!hidden || r.marked(o, s)):
		return done
	}
	return absent // sent again, an update does no harm
}

// notTold is what is known of an order that agrees as far as it is known itself.
func notTold() target.Outcome {
	return target.Outcome{State: target.Unknown, Message: "a record agrees with what is still known of it, which is not all that was sent"}
}

func (r *remote) markOf(o *target.Order) (string, bool) {
	w := words{"type": r.Name, "ref": o.Ref.String()}
	if o.Token != "" {
		w["token"] = o.Token
	}
	return r.mark.render(w, nil)
}

func somebodyElses(columns []string) target.Outcome {
	return target.Outcome{State: target.Refused, Code: record.CodeUnique, Columns: slices.Clone(columns), Message: "a record that somebody else made holds the value already"}
}

// settleCreates looks for records whose keys the API gives: by their marks, or
// by what must be unique.
func (r *remote) settleCreates(ctx context.Context, orders []target.Order, outcomes []target.Outcome, places []int) error {
	if r.Marker != nil && r.searches([]string{r.Marker.Field}) {
		return r.settleBy(ctx, orders, outcomes, places, []string{r.Marker.Field})
	}
	left := places
	for _, u := range r.table.Uniques {
		if u.Primary || !r.searches(u.Columns) {
			continue
		}
		var next, now []int
		for _, place := range left {
			if holds(&orders[place], u.Columns) {
				now = append(now, place)
			} else {
				next = append(next, place)
			}
		}
		if err := r.settleBy(ctx, orders, outcomes, now, u.Columns); err != nil {
			return err
		}
		left = next
	}
	return r.settleBySending(ctx, orders, outcomes, left)
}

// holds reports whether the order writes something into all of the columns.
func holds(o *target.Order, names []string) bool {
	for _, name := range names {
		place := slices.IndexFunc(o.Columns, func(c sqldb.Column) bool { return c.Name == name })
		if place < 0 || o.Values[place].IsNull() {
			return false
		}
	}
	return true
}

// settleBy looks for creates by fields that no two records share.
func (r *remote) settleBy(ctx context.Context, orders []target.Order, outcomes []target.Outcome, places []int, names []string) error {
	if len(places) == 0 {
		return nil
	}
	var columns, wanted []sqldb.Column
	for _, name := range names {
		column, ok := r.table.Column(name)
		if !ok {
			return nil
		}
		columns = append(columns, *column)
	}
	tuples := make([][]record.Value, len(places))
	for i, place := range places {
		tuples[i] = r.tuple(&orders[place], names)
		for _, column := range orders[place].Columns {
			if !hasColumn(wanted, column.Name) {
				wanted = append(wanted, column)
			}
		}
	}
	all, err := r.search(ctx, columns, tuples, wanted)
	if err != nil {
		return apart(err, outcomes, places, func(half []int) error { return r.settleBy(ctx, orders, outcomes, half, names) })
	}
	found := map[string][]seen{}
	for _, s := range all {
		name := canonical(r.values(s, columns), columns)
		found[name] = append(found[name], s)
	}
	claimed := map[string]bool{} // a record became of one order
	for i, place := range places {
		o := &orders[place]
		outcomes[place] = target.Outcome{State: target.Absent, Late: !r.once(o)}
		for _, s := range found[canonical(tuples[i], columns)] {
			key := r.values(s, r.keys)
			name := canonical(key, r.keys)
			switch {
			case outcomes[place].State == target.Done:
				if r.marked(o, s) {
					outcomes[place].Twins = append(outcomes[place].Twins, key)
				}
				continue
			}
			is := somebodyElses(names)
			if !claimed[name] {
				is = r.whose(o, s, names, target.Outcome{State: target.Done, Verified: true, Key: key})
			}
			if is.State == target.Done {
				claimed[name] = true
			} else if outcomes[place].State == target.Unknown {
				continue // one that may be ours is not made another's by the next
			}
			outcomes[place] = is
		}
	}
	return nil
}

// once reports whether a create cannot be carried out twice, however late a call
// comes: its key is made on our side, the API knows it by its token, or keeps
// something that it writes unique.
func (r *remote) once(o *target.Order) bool {
	if o.Key != nil || r.create != nil && r.create.Idempotent || r.Marker != nil && r.field(r.Marker.Field).Unique {
		return true
	}
	for _, u := range r.table.Uniques {
		if !u.Primary && holds(o, u.Columns) {
			return true
		}
	}
	return false
}

// tuple is what the order writes into the fields; the marker is no column.
func (r *remote) tuple(o *target.Order, names []string) []record.Value {
	tuple := make([]record.Value, len(names))
	for i, name := range names {
		if r.Marker != nil && name == r.Marker.Field {
			mark, _ := r.markOf(o)
			tuple[i] = record.Text(mark)
			continue
		}
		tuple[i] = o.Values[slices.IndexFunc(o.Columns, func(c sqldb.Column) bool { return c.Name == name })]
	}
	return tuple
}

// settleBySending sends orders again of which the API knows by their tokens
// whether they were carried out.
func (r *remote) settleBySending(ctx context.Context, orders []target.Order, outcomes []target.Outcome, places []int) error {
	var whole []int
	var again []target.Order
	for _, place := range places {
		o := orders[place]
		switch q := r.requestOf(o.Deed); {
		case q == nil || !q.Idempotent:
		case o.Incomplete:
			outcomes[place] = target.Outcome{State: target.Unknown, Message: "it can be settled only by sending it again, and not all of it is known any more"}
		default:
			o.Again = true
			whole, again = append(whole, place), append(again, o)
		}
	}
	if places = whole; len(places) == 0 {
		return nil
	}
	sent, err := r.Send(ctx, again)
	for i, place := range places {
		if outcomes[place] = sent[i]; sent[i].State == target.Unsent {
			outcomes[place] = target.Outcome{State: target.Unknown, Message: "it could not be sent again", Call: sent[i].Call}
		}
		outcomes[place].Verified = sent[i].State == target.Done
	}
	return err
}
