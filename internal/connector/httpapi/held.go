package httpapi

import (
	"context"
	"errors"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// nameHeld finds out which value another record holds already, of orders that
// were refused for one without a word about which.
func (r *remote) nameHeld(ctx context.Context, jobs []*job) error {
	unnamed := slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool {
		return j.outcome.State != target.Refused || j.outcome.Code != record.CodeUnique || len(j.outcome.Columns) > 0
	})
	for _, u := range r.table.Uniques {
		if len(unnamed) == 0 {
			return nil
		}
		if u.Primary || !r.searches(u.Columns) {
			continue
		}
		if err := r.nameHeldBy(ctx, unnamed, u.Columns); err != nil {
			return err
		}
		unnamed = slices.DeleteFunc(unnamed, func(j *job) bool { return len(j.outcome.Columns) > 0 })
	}
	return nil
}

// nameHeldBy looks for others that hold the same in a set of fields.
func (r *remote) nameHeldBy(ctx context.Context, jobs []*job, names []string) error {
	var columns []sqldb.Column
	for _, name := range names {
		column, ok := r.table.Column(name)
		if !ok {
			return nil
		}
		columns = append(columns, *column)
	}
	var asking []*job
	var tuples [][]record.Value
	for _, j := range jobs {
		if holds(j.order, names) {
			asking, tuples = append(asking, j), append(tuples, r.tuple(j.order, names))
		}
	}
	if len(asking) == 0 {
		return nil
	}
	all, err := r.search(ctx, columns, tuples, nil)
	if err != nil {
		if ctx.Err() != nil || errors.Is(err, target.ErrDenied) {
			return err
		}
		return nil // the orders are refused all the same, without a word about which value
	}
	holders := map[string][]string{}
	for _, s := range all {
		name := canonical(r.values(s, columns), columns)
		holders[name] = append(holders[name], canonical(r.values(s, r.keys), r.keys))
	}
	for i, j := range asking {
		own := ""
		if j.order.Key != nil {
			own = canonical(j.order.Key, r.keys)
		}
		others := slices.DeleteFunc(holders[canonical(tuples[i], columns)], func(key string) bool { return key == own })
		if len(others) > 0 {
			j.outcome.Columns = slices.Clone(names)
		}
	}
	return nil
}
