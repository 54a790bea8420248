package run

import (
	"landfall/internal/crosswalk"
	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// makeOrders says what is to be called for. A record whose order was found to be
// carried out needs none.
func (r *remoteLanding) makeOrders() error {
	r.orders, r.places, r.states = nil, nil, nil
	for i := range r.l.units {
		u := &r.l.units[i]
		if u.rejection != nil || u.carried || !writes(u.action) {
			continue
		}
		order, err := r.l.order(i, u)
		if err != nil {
			return err
		}
		state := target.Outcome{}
		if u.action != target.Create {
			order.Version = r.asks.version(r.rows, u.key)
		}
		if u.left != nil {
			order.Again = true
			// What another deed came to tells nothing of this one.
			if u.left.State == intent.Sent && u.left.Deed == string(order.Deed) {
				state.State = target.Unknown
			}
		}
		u.ordered = true
		r.orders, r.places, r.states = append(r.orders, order), append(r.places, i), append(r.states, state)
	}
	return nil
}

// order is what has to be done for a record. What is written only when a row is
// made is left out of a change.
func (l *landing) order(i int, u *unit) (target.Order, error) {
	generated := len(l.Columns) - len(l.Program.Columns)
	order := target.Order{Deed: target.DeedCreate, Ref: l.batch.Items[i].Ref, Columns: l.Columns[generated:], Values: u.row[generated:]}
	if u.action != target.Create {
		order.Deed = target.DeedUpdate
	}
	if u.left != nil && u.left.Token != "" && u.left.Hash == u.hash && u.left.Deed == string(order.Deed) {
		order.Token, order.Newest = u.left.Token, u.left.Newest
	} else {
		token, err := crosswalk.UUIDv7()
		if err != nil {
			return order, err
		}
		order.Token = token.String()
	}
	if u.action == target.Create {
		if l.To.NewKey != mapping.KeyIdentity {
			order.Key = u.key
		}
		return order, nil
	}
	order.Key = u.key
	columns, changes := l.changes([]int{i})
	order.Columns, order.Values = columns, changes[0].Values
	if u.before != nil {
		order.Before = make([]record.Value, len(columns))
		for n := range columns {
			order.Before[n] = u.before[columnPlace(l.Columns, columns[n].Name)]
		}
	}
	return order, nil
}

// intentOf is what the books keep of an order until its outcome is told.
func (r *remoteLanding) intentOf(n int) intent.Intent {
	order, i := &r.orders[n], r.places[n]
	u, item := &r.l.units[i], &r.batch.Items[i]
	private := r.Privacy().Target
	of := intent.Intent{
		SourceKey: item.Ref.Key, RunID: r.at.RunID, Slice: r.at.Slice, Ordinal: r.at.Ordinal, Number: item.Number,
		Deed: string(order.Deed), State: intent.Sent, Token: order.Token, Hash: u.hash, HasHash: true, ShapeID: r.shapeID,
		Written: encodeWithout(order.Columns, order.Values, func(c *sqldb.Column) bool { return c.Hidden || private[c.Name] }),
		Before:  imageOf(r.Columns, u.before), Newest: order.Newest,
	}
	if order.Key != nil {
		of.TargetKey = joinKey(order.Key)
	}
	return of
}

// encodeWithout is a row as the books keep it, without some of its columns.
func encodeWithout(columns []sqldb.Column, row []record.Value, without func(*sqldb.Column) bool) string {
	if row == nil {
		return ""
	}
	var kept []sqldb.Column
	var values []record.Value
	for i := range columns {
		if !without(&columns[i]) {
			kept, values = append(kept, columns[i]), append(values, row[i])
		}
	}
	if kept == nil {
		return ""
	}
	return ledger.EncodeRow(kept, values)
}
