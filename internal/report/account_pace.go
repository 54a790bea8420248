package report

import (
	"context"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// paceSteps is how many steps of time the chart of a run has.
const paceSteps = 60

// stampLayout is how the books write a moment.
const stampLayout = "2006-01-02T15:04:05.000Z"

// tellPace spreads the run's batches over its time. The books know when each
// batch was committed; entities follow each other, so one begins where the one
// before has ended.
func (a *Account) tellPace(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) error {
	start, err := time.Parse(stampLayout, run.StartedAt)
	if err != nil {
		return nil // a clock of another form tells no times
	}
	since := func(stamp string) int64 {
		at, err := time.Parse(stampLayout, stamp)
		if err != nil {
			return 0
		}
		return max(0, at.Sub(start).Milliseconds())
	}
	row, _, err := l.Books().One(ctx, tx, "SELECT coalesce(max(committed_at), '') FROM {marker} WHERE run_id = ?", run.ID)
	if err != nil {
		return err
	}
	last := row[0].String()
	a.Run.Milliseconds = max(since(run.EndedAt), since(last))
	if last == "" {
		return nil
	}
	pace := &AccountPace{StepMilliseconds: max(1, since(last)/paceSteps+1)}
	at := map[string]int{}
	for _, entity := range a.Entities {
		at[entity.Name] = len(pace.Entities)
		pace.Entities = append(pace.Entities, EntityPace{Name: entity.Name, From: -1, Records: make([]int64, paceSteps)})
	}
	before := int64(0) // when the batch before was committed
	err = l.Books().Query(ctx, tx, func(row []record.Value) error {
		i, known := at[row[0].String()]
		if !known {
			return nil
		}
		e, moment := &pace.Entities[i], since(row[2].String())
		if e.From < 0 {
			e.From = before
		}
		e.Batches++
		e.Read += row[1].Int()
		e.spread(row[1].Int(), before, moment, pace.StepMilliseconds)
		e.To, before = moment, moment
		return nil
	}, `SELECT n.name, m.records, m.committed_at FROM {marker} m JOIN {entity} n ON n.id = m.entity_id
WHERE m.run_id = ? ORDER BY m.committed_at, m.entity_id, m.slice_no, m.ordinal`, run.ID)
	for i := range pace.Entities {
		pace.Entities[i].From = max(0, pace.Entities[i].From)
	}
	a.Pace = pace
	return err
}

// spread gives a batch's records to the steps of time in which it was carried:
// from the commit before to its own.
func (e *EntityPace) spread(records, from, to, step int64) {
	first, last := min(from/step, paceSteps-1), min(to/step, paceSteps-1)
	if to > from && to%step == 0 {
		last = max(first, last-1)
	}
	left := records
	for at := first; at < last; at++ {
		share := records * (min(to, (at+1)*step) - max(from, at*step)) / max(1, to-from)
		e.Records[at] += share
		left -= share
	}
	e.Records[last] += left
}
