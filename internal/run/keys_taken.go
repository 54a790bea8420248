package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/record"
	"landfall/internal/target"
)

const keysSavepoint = "landfall_keys"

// mostReplacings bounds how often one batch looks for keys in place of such as
// others took: who takes them as fast as they are chosen has to be stopped.
const mostReplacings = 50

// Whoever inserts row after row is given one of the batch's keys each time that
// the batch is rolled back. From chased rounds on the new keys lie ahead of
// those that come next, and from cornered rounds on the batch also gives up keys
// that whoever takes them is about to reach: twice as many in each round.
const (
	chased   = 4
	cornered = 10
)

// ahead is how many keys to leave to others in a round.
func ahead(round, since int) int64 {
	if round < since {
		return 0
	}
	return 1 << min(round-since+4, 24)
}

// writeKeyed lands a batch whose keys Landfall has made. A key that somebody
// else has taken since it was reserved is replaced, and then the whole batch is
// written anew: rows of it may refer to the row whose key it was.
func (l *landing) writeKeyed(ctx context.Context, careful bool) (refused bool, err error) {
	for round := 0; round < mostReplacings; round++ {
		if _, err := l.tx.Exec(ctx, "SAVEPOINT "+keysSavepoint); err != nil {
			return false, err
		}
		before := make([]*record.Rejection, len(l.units))
		for i := range l.units {
			before[i] = l.units[i].rejection
		}
		if w, measures := l.rows.(watched); measures {
			w.seen().forget()
		}
		l.taken = map[int]bool{}
		now, err := l.writeAll(ctx, careful)
		refused = refused || now
		var unregistered map[int]*record.Rejection
		if err == nil && len(l.taken) == 0 {
			unregistered, err = l.register(ctx)
		}
		if err != nil {
			return false, err
		}
		if len(l.taken) == 0 && len(unregistered) == 0 {
			_, err := l.tx.Exec(ctx, "RELEASE SAVEPOINT "+keysSavepoint)
			return refused, err
		}
		if _, err := l.tx.Exec(ctx, "ROLLBACK TO SAVEPOINT "+keysSavepoint); err != nil {
			return false, err
		}
		for i := range l.units {
			l.units[i].rejection = before[i]
			if rejection := unregistered[i]; rejection != nil {
				l.units[i].rejection = rejection
			}
		}
		if err := l.replaceTaken(ctx, round); err != nil {
			return false, err
		}
		l.fillIn()
		careful, refused = true, true
	}
	return false, fmt.Errorf("keys of %s are taken by others as fast as they are chosen", l.Name)
}

// replaceTaken gives other keys to the rows whose keys others have taken; where
// nothing else than the reserved keys may be used, they are rejected.
func (l *landing) replaceTaken(ctx context.Context, round int) error {
	if l.space != nil && !l.space.strict {
		l.giveUp(ahead(round, cornered))
	}
	var places []int
	for i := range l.taken {
		places = append(places, i)
	}
	slices.Sort(places)
	if l.space != nil && l.space.strict {
		for _, i := range places {
			l.units[i].rejection = &record.Rejection{
				Ref: l.batch.Items[i].Ref, Step: record.StepLand, Field: l.Key[0].Name, Code: record.CodeUnique,
				Err: fmt.Errorf("somebody took the key %s since it was reserved, and `collisions: strict` wants no other", l.units[i].keyText),
			}
		}
		return nil
	}
	l.replaced += len(places)
	return l.giveLate(ctx, places, ahead(round, chased))
}

// giveUp counts as taken the keys that follow within so many numbers on one that
// is.
func (l *landing) giveUp(within int64) {
	if within == 0 {
		return
	}
	number := func(i int) int64 {
		n, _ := l.Form.Number(l.units[i].keyText)
		return n
	}
	highest := int64(0)
	for i := range l.taken {
		highest = max(highest, number(i))
	}
	for i := range l.units {
		if u := &l.units[i]; u.rejection == nil && u.action == target.Create {
			if n := number(i); n > highest && n-highest <= within {
				l.taken[i] = true
			}
		}
	}
}

// keyTaken reports whether a refusal says that a row's key is somebody else's.
func (l *landing) keyTaken(refusal target.Refusal) bool {
	return l.makesKeys() && refusal.Code == record.CodeUnique && len(refusal.Columns) == 1 && refusal.Columns[0] == l.Key[0].Name
}

// register writes the keys of the batch's new rows into their registry. A key
// that stands there already is taken; what the registry refuses otherwise is
// told by the places of the records.
func (l *landing) register(ctx context.Context) (map[int]*record.Rejection, error) {
	if l.Registry == nil {
		return nil, nil
	}
	var rows [][]record.Value
	var places []int
	for i := range l.units {
		if u := &l.units[i]; u.rejection == nil && u.action == target.Create {
			row := slices.Clone(l.Registry.Values)
			row[0] = u.key[0]
			rows, places = append(rows, row), append(places, i)
		}
	}
	key := l.Registry.Columns[:1]
	landed, err := l.tableFor(l.Registry.Table, key).Insert(ctx, l.tx, l.Registry.Columns, rows, false)
	if err != nil {
		return nil, fmt.Errorf("writing to %s: %w", l.Registry.Table.Name, err)
	}
	rejected := map[int]*record.Rejection{}
	for _, refusal := range landed.Refused {
		i := places[refusal.Row]
		if refusal.Code == record.CodeUnique && slices.Equal(refusal.Columns, []string{key[0].Name}) {
			l.taken[i] = true
			continue
		}
		rejected[i] = &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepLand, Field: l.Key[0].Name, Code: refusal.Code,
			Err: errors.New(l.Registry.Table.Name.String() + ": " + refusal.Message),
		}
	}
	return rejected, nil
}
