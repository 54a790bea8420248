package reconcile

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/dedupe"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// findStale finds counters of the target that are behind the highest key: the
// next row that the application makes would meet a key that is taken.
func (c *comparison) findStale(ctx context.Context) error {
	return c.spooling(ctx, "counters", "", func(found *dedupe.Spool) error {
		counters, ok := c.dialect().(sqldb.Counters)
		if !ok {
			return nil
		}
		columns := c.counterColumns(counters)
		for i := range columns {
			d, err := c.stale(ctx, counters, &columns[i])
			if err != nil {
				return err
			}
			if d == nil {
				continue
			}
			c.stored.Counts[string(d.Verdict)]++
			if err := appendDifference(found, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// counterColumns are the columns that a counter fills.
func (c *comparison) counterColumns(counters sqldb.Counters) []sqldb.Column {
	columns := slices.Clone(c.Table.Columns)
	for _, key := range c.Key {
		// The mapping may have named another sequence than the column's own.
		if own, ok := c.Table.Column(key.Name); ok && own.Sequence != key.Sequence {
			columns = append(columns, key)
		}
	}
	return slices.DeleteFunc(columns, func(column sqldb.Column) bool { return counters.CounterSQL(c.Table, &column) == "" })
}

// stale looks twice at a counter that seems to be behind: sessions draw from it
// meanwhile.
func (c *comparison) stale(ctx context.Context, counters sqldb.Counters, column *sqldb.Column) (*verdict.Difference, error) {
	query := counters.CounterSQL(c.Table, column)
	var highest, given int64
	for range 2 {
		behind := false
		err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			behind = false
			top, err := oneValue(ctx, tx, fmt.Sprintf("SELECT max(%s) FROM %s t", c.quote("t", column.Name), c.dialect().QuoteName(c.Table.Name)))
			if err != nil || top.IsNull() {
				return err
			}
			last, err := oneValue(ctx, tx, query)
			if err != nil || last.IsNull() {
				return err
			}
			highest, given = top.Int(), last.Int()
			behind = given < highest
			return nil
		})
		if c.isDenied(err) {
			c.stored.LookedNot(fmt.Sprintf("the counter of %s: this user may not read it", column.Name))
			return nil, nil
		}
		if err != nil || !behind {
			return nil, err
		}
	}
	want, is := fmt.Sprint(highest), fmt.Sprint(given)
	return &verdict.Difference{
		Entity: c.Name, Verdict: verdict.StaleSequence, Field: column.Name, Expected: &want, Found: &is,
		Rule:    fmt.Sprintf("%s.to.key: new: %s", c.Name, c.To.NewKey),
		Message: fmt.Sprintf("the counter of %s.%s is behind the highest key: a new row would be refused", c.Table.Name, column.Name),
	}, nil
}

func oneValue(ctx context.Context, tx sqldb.Tx, query string) (record.Value, error) {
	value := record.Null()
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		value = values[0]
		return nil
	}, query)
	return value, err
}
