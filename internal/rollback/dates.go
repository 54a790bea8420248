package rollback

import (
	"context"
	"fmt"
	"slices"
	"time"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// How much later than a record was made it must have been changed to count as
// changed: it is made in one go, as far as its dates are told. Where the mapping
// says when it was made, the run's end is all there is to hold it against, by
// another clock.
const (
	madeWithin  = time.Second
	clocksApart = 5 * time.Minute
)

// dates are the columns that tell when records were made and last changed.
func (e *entityUndo) dates() (made, changed sqldb.Column, ok bool) {
	if dated, is := e.Remote.(target.Dated); is {
		return dated.Dates()
	}
	return made, changed, false
}

// judgeDates keeps records that the run made and somebody has changed since in
// what the mapping does not write, of which their content does not tell: a
// password, or when somebody was there last.
func (b *batch) judgeDates(ctx context.Context) error {
	first, last, dated := b.dates()
	if !dated {
		return nil
	}
	var end time.Time
	told := slices.ContainsFunc(b.Fields, func(f *mapping.Field) bool { return f.Target == first.Name })
	if told {
		var err error
		if end, err = time.Parse(time.RFC3339, b.runner.undone.EndedAt); err != nil {
			return nil // it was given up: nobody knows when
		}
	}
	touched := map[string]*item{}
	for _, i := range b.items {
		if i.deed != made || !i.open() || i.gone || i.row == nil {
			continue
		}
		born, touchedAt := i.row[placeOf(b.columns, first.Name)], i.row[placeOf(b.columns, last.Name)]
		if born.IsNull() || touchedAt.IsNull() {
			continue
		}
		until := born.Time().Add(madeWithin)
		if told {
			until = end.Add(clocksApart)
		}
		if touchedAt.Time().After(until) {
			touched[i.line.Key] = i
		}
	}
	if err := b.spareOurs(ctx, touched); err != nil {
		return err
	}
	for _, i := range touched {
		i.keep(record.Kept, record.CodeEdited, "", "its %s was changed since the run made it, in what the mapping does not write", b.what())
	}
	return nil
}

// spareOurs leaves those out that later runs have written, which were undone since.
func (b *batch) spareOurs(ctx context.Context, touched map[string]*item) error {
	for _, later := range b.later {
		keys := make([]string, 0, len(touched))
		for key := range touched {
			keys = append(keys, key)
		}
		written, err := b.ledger.LastTold(ctx, b.tx, later.ID, b.done.ID, keys)
		if err != nil {
			return fmt.Errorf("reading what later runs wrote: %w", err)
		}
		for key := range written {
			delete(touched, key)
		}
	}
	return nil
}
