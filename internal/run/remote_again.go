package run

import (
	"context"
	"slices"
	"time"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/target"
)

// sendOpen sends what was not sent yet, or is not there.
func (r *remoteLanding) sendOpen(ctx context.Context) (sent bool, err error) {
	open := r.in(target.Unsent, target.Absent)
	if len(open) == 0 {
		return false, nil
	}
	var again []int
	for _, n := range open {
		if r.states[n].State == target.Absent {
			r.orders[n].Again = true
			again = append(again, n)
		}
	}
	if err := r.readAgain(ctx, again); err != nil {
		return false, err
	}
	if err := r.mayStill(ctx); err != nil {
		return false, err
	}
	outcomes, err := r.Remote.Send(ctx, r.ordersOf(open))
	for at, n := range open {
		if at < len(outcomes) {
			r.states[n] = outcomes[at]
		}
		// What was sent before may be what refuses it now.
		if r.refusesItself(n) && r.Remote.Abilities().Settles {
			if settled, ok := r.settleOne(ctx, n); ok {
				r.states[n] = settled
			}
		}
		r.keepPart(n)
	}
	return true, err
}

// refusesItself reports whether an order that was sent before may be refused for
// what it has done itself.
func (r *remoteLanding) refusesItself(n int) bool {
	order, state := &r.orders[n], &r.states[n]
	if state.State != target.Refused || !order.Again {
		return false
	}
	return order.Deed == target.DeedCreate && state.Code == record.CodeUnique || order.Deed == target.DeedUpdate && state.Code == record.CodeEdited
}

// keepPart keeps it in mind when a change that is refused now has been carried
// out in part when it was sent before.
func (r *remoteLanding) keepPart(n int) {
	state, u := &r.states[n], &r.l.units[r.places[n]]
	if state.State != target.Refused || len(state.Unwritten) > 0 || !r.orders[n].Again || u.before == nil {
		return
	}
	order, written := &r.orders[n], false
	var unwritten []string
	for at, column := range order.Columns {
		is, was := order.Before[at], u.before[columnPlace(r.l.Columns, column.Name)]
		switch {
		case column.Hidden || is != order.Values[at]:
			unwritten = append(unwritten, column.Name)
		case is != was:
			written = true
		}
	}
	if written {
		state.Unwritten = unwritten
	}
}

// mayStill asks the lease and the guard again where calls come late: while they
// waited, another worker may have taken over and settled them, or the target may
// have been closed.
func (r *remoteLanding) mayStill(ctx context.Context) error {
	if now := time.Now().UnixNano(); now-r.asked < int64(books.LeaseSeconds*time.Second/2) && !r.called {
		r.called = true
		return nil
	}
	err := r.landBooks(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := r.Check(ctx, a.Tx); err != nil {
			return err
		}
		return r.Lease.Keep(ctx, a.Tx, r.run.Name)
	}, r.Again)
	r.asked, r.called = time.Now().UnixNano(), true
	return err
}

// readAgain reads records whose changes are sent again: a call that was carried
// out in part has made another version of them, and only the rest is to be sent.
func (r *remoteLanding) readAgain(ctx context.Context, places []int) error {
	places = slices.DeleteFunc(places, func(n int) bool { return r.orders[n].Deed != target.DeedUpdate || r.orders[n].Before == nil })
	if len(places) == 0 || !r.Remote.Abilities().Fetch {
		return nil
	}
	keys := make([][]record.Value, len(places))
	for at, n := range places {
		keys[at] = r.orders[n].Key
	}
	columns := r.orders[places[0]].Columns // those of all changes of an entity
	fetched, err := r.Remote.Fetch(ctx, keys, columns)
	if err != nil {
		return err
	}
	for at, n := range places {
		if fetched[at].Values != nil {
			r.orders[n].Before, r.orders[n].Version = fetched[at].Values, fetched[at].Version
		}
	}
	return nil
}

// settleOne asks whether what refuses an order is what it made itself when it
// was sent before.
func (r *remoteLanding) settleOne(ctx context.Context, n int) (target.Outcome, bool) {
	outcomes, err := r.Remote.Settle(ctx, r.ordersOf([]int{n}))
	if len(outcomes) != 1 {
		return target.Outcome{State: target.Unknown}, err != nil
	}
	return outcomes[0], outcomes[0].State == target.Done || outcomes[0].State == target.Unknown
}
