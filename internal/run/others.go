package run

import (
	"context"
	"fmt"
	"math"

	"landfall/internal/connector/table"
	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// People go on creating rows while a wave runs, and these are no change to what
// was there. They are told apart by their keys, where keys are numbers that go
// up: above what was the highest one, or what the target's counter had given out,
// before the wave.
const (
	markHighest = "highest key"
	markCounter = "counter"
)

// marks are the numbers above which rows that others create are looked for.
func (g *gauge) marks(ctx context.Context, tx sqldb.Tx, rows *table.Lander) ([]ledger.Measure, error) {
	if len(g.Key) != 1 || g.Key[0].Type.Kind != record.KindInt {
		return nil, nil
	}
	mark := func(group string, number int64) ledger.Measure {
		return ledger.Measure{EntityID: g.stored.ID, Name: ledger.MeasureMark, Group: group, Moment: ledger.MomentBefore, Value: fmt.Sprint(number)}
	}
	highest, any, err := rows.Highest(ctx, tx)
	if err != nil {
		return nil, err
	}
	if !any {
		highest = math.MinInt64
	}
	marks := []ledger.Measure{mark(markHighest, highest)}
	counters, ok := g.books.Dialect().(sqldb.Counters)
	if !ok {
		return marks, nil
	}
	query := counters.CounterSQL(g.Table, &g.Key[0])
	if query == "" {
		return marks, nil
	}
	if _, err := tx.Exec(ctx, "SAVEPOINT landfall_counter"); err != nil {
		return nil, err
	}
	err = drainInt(ctx, tx, query, func(number int64) {
		if number < highest {
			marks = append(marks, mark(markCounter, number))
		}
	})
	if err != nil && !g.books.Dialect().Classify(err).Denied {
		return nil, err
	}
	_, err = tx.Exec(ctx, "ROLLBACK TO SAVEPOINT landfall_counter")
	return marks, err
}

func drainInt(ctx context.Context, tx sqldb.Tx, query string, each func(int64)) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if value := rows.Values()[0]; value.Kind() == record.KindInt {
			each(value.Int())
		}
	}
	return rows.Err()
}

// others measures the rows that others have created since the wave began, if
// these, and nothing else, explain how the table differs from what it must be.
func (g *gauge) others(ctx context.Context, tx sqldb.Tx, rows *table.Lander, after record.Fingerprint) (record.Fingerprint, error) {
	none := record.Fingerprint{}
	known, err := g.ledger.Fingerprints(ctx, tx, g.run.ID)
	if err != nil || known[g.stored.ID] == nil {
		return none, err
	}
	missing := after.Minus(known[g.stored.ID].Expected())
	if missing.Rows <= 0 {
		return none, nil
	}
	marks, err := g.ledger.Marks(ctx, tx, g.run.ID, g.stored.ID)
	if err != nil {
		return none, err
	}
	for _, mark := range marks {
		found, err := g.created(ctx, tx, rows, mark, missing.Rows)
		if err != nil || found == missing {
			return found, err
		}
	}
	return none, nil
}

// keysAbove is how many rows are looked at together.
const keysAbove = 5000

// created measures the rows above a mark that belong to no record, and gives up
// when there are more than so many.
func (g *gauge) created(ctx context.Context, tx sqldb.Tx, rows *table.Lander, mark, most int64) (sum record.Fingerprint, err error) {
	store, err := crosswalk.Find(ctx, tx, g.books, g.run.Migration, g.Name, g.Table.Name.String())
	if err != nil {
		return sum, err
	}
	for sum.Rows <= most {
		keys, err := rows.Above(ctx, tx, mark, keysAbove)
		if err != nil || len(keys) == 0 {
			return sum, err
		}
		texts := make([]string, len(keys))
		for i, key := range keys {
			texts[i] = joinKey(key)
		}
		owners, err := store.Owners(ctx, tx, texts)
		if err != nil {
			return sum, err
		}
		var free [][]record.Value
		for i, key := range keys {
			if _, owned := owners[texts[i]]; !owned {
				free = append(free, key)
			}
		}
		part, err := rows.Fingerprint(ctx, tx, free)
		if err != nil {
			return sum, err
		}
		sum, mark = sum.Plus(part), keys[len(keys)-1][0].Int()
	}
	return sum, nil
}
