package run

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// foreseeKeys finds out whether the keys that Landfall makes of row numbers can
// be made, as a run does before it starts: from the target alone.
func (r *runner) foreseeKeys(ctx context.Context) error {
	b, err := books.New(r.m.Looker().Dialect())
	if err != nil {
		return err
	}
	judge := newRunner(r.m, r.o, b)
	judge.Loader = r.shadow.there
	judge.ledger = ledger.New(b)
	judge.run = r.run
	if err := judge.judgeKeys(ctx, r.entities); err != nil {
		return err
	}
	r.spaces = judge.spaces
	for _, space := range r.spaces {
		r.shadow.nextKeys[space.Name] = space.survey.Start
	}
	return nil
}

// guessKeys gives new rows the keys that a run would reserve for them, as long as
// nobody takes them meanwhile.
func (l *landing) guessKeys(ctx context.Context, creates []int) error {
	if len(creates) == 0 {
		return nil
	}
	space, next := l.space, l.shadow.nextKeys[l.space.Name]
	numbers := make([]int64, 0, len(creates))
	if next <= space.survey.used {
		found, err := space.Survey(ctx, l.tx.(*shadowTx).there, next, int64(len(creates)), func(lot crosswalk.Lot) error {
			for n := lot.First; n <= lot.Last; n++ {
				numbers = append(numbers, n)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("looking for free keys: %w", err)
		}
		next = found.Last + 1
	} else {
		for ; len(numbers) < len(creates) && next <= space.Highest(); next++ {
			numbers = append(numbers, next)
		}
	}
	l.shadow.nextKeys[space.Name] = next
	for n, i := range creates {
		u := &l.units[i]
		if n >= len(numbers) {
			u.rejection = &record.Rejection{
				Ref: l.batch.Items[i].Ref, Step: record.StepDecide, Field: l.Key[0].Name, Code: record.CodeKeysExhausted,
				Err: fmt.Errorf("no key is left: row numbers end at %d", space.Highest()-space.Base),
			}
			continue
		}
		u.row[0] = l.Form.Value(numbers[n])
		u.setKey(u.row[:1])
	}
	return nil
}

// take gives out keys that no row has, as the target's counter may do. They
// stand for keys that are not known yet.
func (t *shadowTable) take(ctx context.Context, tx sqldb.Tx, column *sqldb.Column, count int, floor int64) ([]record.Value, error) {
	if count == 0 {
		return nil, nil
	}
	if t.m.API() != nil {
		return t.takeGiven(column, count), nil
	}
	if t.last == 0 {
		rows, err := tx.(*shadowTx).there.Query(ctx, fmt.Sprintf("SELECT coalesce(max(%s), 0) FROM %s",
			t.m.Looker().Dialect().Quote(column.Name), t.m.Looker().Dialect().QuoteName(t.table.Name)))
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			t.last = max(floor, rows.Values()[0].Int())
			t.first = t.last
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	keys := make([]record.Value, count)
	for i := range keys {
		t.last++
		key, misfit := column.Type.Fit(record.Int(t.last))
		if misfit != nil {
			return nil, fmt.Errorf("keys of %s.%s are exhausted: %w", t.table.Name, column.Name, misfit)
		}
		keys[i] = key
	}
	return keys, nil
}

// isGuess reports whether a value is one of the keys that were given out.
func (t *shadowTable) isGuess(value record.Value) bool {
	if value.Kind() == record.KindText {
		return strings.HasPrefix(value.String(), givenMark)
	}
	return t.last > t.first && value.Kind() == record.KindInt && value.Int() > t.first && value.Int() <= t.last
}

// Keys that an API would give are not known before. What stands for them is such
// that no API gives it: numbers below zero, and texts with a beginning of its own.
const (
	givenFirst = -1 << 30
	givenMark  = "ffffffff-0000-0000-0000-"
)

// takeGiven stands for keys that an API would give.
func (t *shadowTable) takeGiven(column *sqldb.Column, count int) []record.Value {
	if t.last == 0 {
		t.first, t.last = givenFirst, givenFirst
	}
	keys := make([]record.Value, count)
	for i := range keys {
		t.last++
		if keys[i] = record.Int(t.last); column.Type.Kind != record.KindInt {
			keys[i] = record.Text(fmt.Sprintf("%s%012x", givenMark, t.last-givenFirst))
		}
	}
	return keys
}

// takeShadow gives out keys of the entity's table as Numbers would.
func (l *landing) takeShadow(ctx context.Context, tx sqldb.Tx, count int) ([]record.Value, error) {
	floor := int64(0)
	if l.numbers != nil {
		floor = l.numbers.Floor()
	}
	return l.lander.(*shadowTable).take(ctx, tx, &l.Key[0], count, floor)
}
