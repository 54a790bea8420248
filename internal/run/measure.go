package run

import (
	"context"
	"fmt"

	"landfall/internal/connector/table"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// refuseGroups refuses a new run whose totals have more groups than a report
// can tell, before it writes anything.
func (r *runner) refuseGroups(ctx context.Context, migration string) error {
	return r.loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		runs, err := r.ledger.Runs(ctx, tx, migration)
		if err != nil || len(runs) > 0 && runs[0].State.Resumable() {
			return err
		}
		for _, e := range r.m.Entities {
			total, err := table.TooManyGroups(ctx, tx, r.books.Dialect(), e.Table, e.Totals)
			if err != nil {
				return fmt.Errorf("%s: %w", e.Name, err)
			}
			if total != nil {
				return r.m.File.Problem(total.Position, fmt.Sprintf("%s.totals: %s has more than %d groups in %s: group by fewer columns, or by ones with fewer values",
					e.Name, total.Text, table.MostGroups, e.Table.Name))
			}
		}
		return nil
	})
}

// measured says of what an entity is measured.
func (e *entityRun) measured() (totals, fingerprint bool) {
	if e.rehearse {
		return false, false
	}
	return len(e.Totals) > 0, e.Fingerprint || e.run.Options.Fingerprint
}

// measureBefore takes totals and fingerprints of all tables that the circle
// will write to, once in the life of the run. Entities that a run over few
// records has nothing to do with are left out.
func (c *circle) measureBefore(ctx context.Context) error {
	var measured []*entityRun
	for _, e := range c.members {
		totals, fingerprint := e.measured()
		alone := len(c.members) == 1 // or else others may write to its rows
		if e.stored.Done || !totals && !fingerprint || alone && e.wanted != nil && e.wanted.total() == 0 {
			continue
		}
		measured = append(measured, e)
	}
	if len(measured) == 0 {
		return nil
	}
	fresh := map[*entityRun]bool{}
	err := c.loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		for _, e := range measured {
			known, err := c.ledger.MeasuredAt(ctx, tx, c.run.ID, e.stored.ID, ledger.MomentBefore)
			if err != nil {
				return err
			}
			fresh[e] = !known
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range measured {
		if fresh[e] {
			if err := e.measure(ctx, ledger.MomentBefore); err != nil {
				return fmt.Errorf("%s: %w", e.Name, err)
			}
		}
	}
	for _, e := range measured {
		e.gauged = true
		if _, fingerprint := e.measured(); fingerprint {
			for _, mate := range c.members {
				if mate.Table.Name == e.Table.Name {
					mate.witnesses = append(mate.witnesses, e)
				}
			}
		}
	}
	return nil
}

// measure takes what is measured of the entity at a moment and writes it into
// the books.
func (e *entityRun) measure(ctx context.Context, moment ledger.Moment) error {
	if _, err := e.await(ctx, 0); err != nil {
		return err
	}
	e.tell(Event{Kind: EventLooking, Entity: e.Name, Message: fmt.Sprintf("measuring %s %s it lands", e.Table.Name, moment), Total: -1, Percent: -1})
	var measures []ledger.Measure
	err := e.loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		measures, err = e.takeMeasures(ctx, tx, moment)
		return err
	})
	if err != nil {
		return err
	}
	return e.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		// The answer to an earlier try's commit may have been lost.
		known, err := e.ledger.MeasuredAt(ctx, a.Tx, e.run.ID, e.stored.ID, moment)
		if err != nil || known {
			return err
		}
		if err := e.lease.Keep(ctx, a.Tx, e.run.Name); err != nil {
			return err
		}
		return e.ledger.Measure(ctx, a.Tx, e.run.ID, measures)
	}, e.again)
}

func (e *entityRun) takeMeasures(ctx context.Context, tx sqldb.Tx, moment ledger.Moment) ([]ledger.Measure, error) {
	var measures []ledger.Measure
	wantTotals, fingerprint := e.measured()
	if wantTotals {
		totals, err := table.Totals(ctx, tx, e.books.Dialect(), e.Table, e.Totals)
		if err != nil {
			return nil, err
		}
		for i := range totals {
			measures = append(measures, totalMeasures(e.stored.ID, moment, &totals[i])...)
		}
	}
	if fingerprint {
		taken, err := table.NewLander(e.books.Dialect(), e.Table, e.Key).FingerprintAll(ctx, tx)
		if err != nil {
			return nil, fmt.Errorf("the fingerprint of %s: %w", e.Table.Name, err)
		}
		measure, err := ledger.FingerprintMeasure(e.stored.ID, moment, taken)
		if err != nil {
			return nil, err
		}
		measures = append(measures, measure)
	}
	return measures, nil
}

// totalMeasures are a total's rows in the books.
func totalMeasures(entityID int64, moment ledger.Moment, total *table.Total) []ledger.Measure {
	measure := func(group string, value *string) ledger.Measure {
		m := ledger.Measure{EntityID: entityID, Name: total.Text, Group: group, Moment: moment, None: value == nil}
		if value != nil {
			m.Value = *value
		}
		return m
	}
	var measures []ledger.Measure
	if len(total.By) > 0 {
		var count *string
		if !total.TooMany {
			text := fmt.Sprint(len(total.Groups))
			count = &text
		}
		measures = append(measures, measure(ledger.GroupCount, count))
	}
	for _, group := range total.Groups {
		measures = append(measures, measure(group.Group, group.Value))
	}
	return measures
}

// tellWitnesses writes down what a transaction took out of the entity's table
// and put there: for the entity itself, and for those of its circle that land
// in the same table. at gives the batch for each.
func (e *entityRun) tellWitnesses(ctx context.Context, tx sqldb.Tx, taken, put record.Fingerprint, at func(owner *entityRun) (slice int, ordinal int64, err error)) error {
	var measures []ledger.Measure
	for _, owner := range e.witnesses {
		for moment, f := range map[ledger.Moment]record.Fingerprint{ledger.MomentTaken: taken, ledger.MomentPut: put} {
			if f.Rows == 0 {
				continue
			}
			m, err := ledger.FingerprintMeasure(owner.stored.ID, moment, f)
			if err != nil {
				return err
			}
			if owner != e {
				m.Group = e.Name
			}
			if m.Slice, m.Ordinal, err = at(owner); err != nil {
				return err
			}
			measures = append(measures, m)
		}
	}
	if len(measures) == 0 {
		return nil
	}
	return e.ledger.Measure(ctx, tx, e.run.ID, measures)
}
