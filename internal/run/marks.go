package run

import (
	"context"
	"fmt"
	"math"

	"landfall/internal/connector/table"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// marks are what rows that others create are told apart by later on.
func (g *gauge) marks(ctx context.Context, tx sqldb.Tx, rows *table.Lander) ([]ledger.Measure, error) {
	marks, err := g.keyMarks(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	err = g.unlessDenied(ctx, tx, func() error {
		snapshot, err := rows.Snapshot(ctx, tx)
		if err == nil && snapshot != "" {
			marks = append(marks, g.mark(ledger.MarkSnapshot, snapshot))
		}
		return err
	})
	return marks, err
}

func (g *gauge) mark(group, value string) ledger.Measure {
	return ledger.Measure{EntityID: g.stored.ID, Name: ledger.MeasureMark, Group: group, Moment: ledger.MomentBefore, Value: value}
}

// keyMarks are the numbers above which new keys are.
func (g *gauge) keyMarks(ctx context.Context, tx sqldb.Tx, rows *table.Lander) ([]ledger.Measure, error) {
	if len(g.Key) != 1 || g.Key[0].Type.Kind != record.KindInt {
		return nil, nil
	}
	highest, any, err := rows.Highest(ctx, tx)
	if err != nil {
		return nil, err
	}
	if !any {
		highest = math.MinInt64
	}
	marks := []ledger.Measure{g.mark(ledger.MarkHighest, fmt.Sprint(highest))}
	counters, ok := g.books.Dialect().(sqldb.Counters)
	if !ok {
		return marks, nil
	}
	query := counters.CounterSQL(g.Table, &g.Key[0])
	if query == "" {
		return marks, nil
	}
	err = g.unlessDenied(ctx, tx, func() error {
		return drainInt(ctx, tx, query, func(number int64) {
			if number < highest {
				marks = append(marks, g.mark(ledger.MarkCounter, fmt.Sprint(number)))
			}
		})
	})
	return marks, err
}

// unlessDenied asks for what the user may not be allowed to see, and does without.
func (g *gauge) unlessDenied(ctx context.Context, tx sqldb.Tx, ask func() error) error {
	if _, err := tx.Exec(ctx, "SAVEPOINT landfall_mark"); err != nil {
		return err
	}
	if err := ask(); err != nil && !g.books.Dialect().Classify(err).Denied {
		return err
	}
	_, err := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT landfall_mark")
	return err
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
