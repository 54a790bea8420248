package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/connector/table"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// refuseGroups refuses a new run whose totals have more groups than a report
// can tell, before it writes anything.
func (r *runner) refuseGroups(ctx context.Context, migration string) error {
	return r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
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

// gauge measures an entity's whole table, before the run writes its first row
// anywhere and after its last: what lands in one table may change rows of
// another.
type gauge struct {
	*entityRun  // stands for the entity where it waits and tells; it carries nothing
	fingerprint bool
}

// openGauges finds out what is to be measured, the same however often the run
// is resumed: what the mapping or the command asks for, of entities that the
// run is about.
func (r *runner) openGauges(ctx context.Context) error {
	if r.rehearse || r.shadow != nil {
		return nil
	}
	for i := range r.entities {
		e := r.m.Entity(r.entities[i].Name)
		if e == nil || e.Remote != nil {
			continue // which the entity's own turn tells; an API cannot be measured
		}
		g := &gauge{entityRun: &entityRun{runner: r, Entity: e, stored: &r.entities[i], total: -1}, fingerprint: e.Fingerprint || r.o.Fingerprint || r.wave()}
		if !g.fingerprint && len(e.Totals) == 0 {
			continue
		}
		about, err := g.about(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if about {
			r.gauges = append(r.gauges, g)
		}
	}
	return nil
}

var errOne = errors.New("one is enough")

// about reports whether records of the entity may be among those of the run.
func (g *gauge) about(ctx context.Context) (bool, error) {
	switch g.run.Kind() {
	case ledger.KindOnly:
		return slices.ContainsFunc(g.o.Only, func(ref record.Ref) bool { return ref.Entity == g.Name }), nil
	case ledger.KindRetry:
		err := g.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			return g.ledger.Open(ctx, tx, g.run, g.stored.ID, func(string, []ledger.OpenRecord) error { return errOne })
		})
		if errors.Is(err, errOne) {
			return true, nil
		}
		return false, err
	}
	return true, nil
}

// gaugesOf are those of fingerprints over the entity's table: its own, and
// those of other entities that land there.
func (r *runner) gaugesOf(e *migration.Entity) []*gauge {
	var of []*gauge
	for _, g := range r.gauges {
		if g.fingerprint && g.Table.Name == e.Table.Name {
			of = append(of, g)
		}
	}
	return of
}

// measure takes what is measured at a moment, of every entity of which that was
// not done yet in an earlier session of the run.
func (r *runner) measure(ctx context.Context, moment ledger.Moment) error {
	for _, g := range r.gauges {
		if err := g.measure(ctx, moment); err != nil {
			return fmt.Errorf("%s: %w", g.Name, err)
		}
	}
	return nil
}

func (g *gauge) measure(ctx context.Context, moment ledger.Moment) error {
	if g.stopAsked() {
		return ErrStopped
	}
	known := false
	var measures []ledger.Measure
	err := g.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		known, err = g.ledger.MeasuredAt(ctx, tx, g.run.ID, g.stored.ID, moment)
		return err
	})
	if err != nil || known {
		return err
	}
	if _, err := g.await(ctx, 0); err != nil {
		return err
	}
	g.tell(Event{Kind: EventLooking, Entity: g.Name, Message: fmt.Sprintf("measuring %s %s the run", g.Table.Name, moment), Total: -1, Percent: -1})
	err = g.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		measures, err = g.take(ctx, tx, moment)
		return err
	})
	if err != nil {
		return err
	}
	err = g.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := g.Check(ctx, a.Tx); err != nil {
			return err
		}
		// The answer to an earlier try's commit may have been lost.
		known, err := g.ledger.MeasuredAt(ctx, a.Tx, g.run.ID, g.stored.ID, moment)
		if err != nil || known {
			return err
		}
		if err := g.ledger.Measure(ctx, a.Tx, g.run.ID, measures); err != nil {
			return err
		}
		if err := g.Lease.Keep(ctx, a.Tx, g.run.Name); err != nil {
			return err
		}
		g.point(PointMeasuring)
		return nil
	}, g.Again)
	if err == nil {
		g.point(PointMeasured)
	}
	return err
}

func (g *gauge) take(ctx context.Context, tx sqldb.Tx, moment ledger.Moment) ([]ledger.Measure, error) {
	totals, err := table.Totals(ctx, tx, g.books.Dialect(), g.Table, g.Totals)
	if err != nil {
		return nil, err
	}
	var measures []ledger.Measure
	for i := range totals {
		measures = append(measures, totalMeasures(g.stored.ID, moment, &totals[i])...)
	}
	if !g.fingerprint {
		return measures, nil
	}
	rows := table.NewLander(g.books.Dialect(), g.Table, g.Key)
	taken, err := rows.FingerprintAll(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("the fingerprint of %s: %w", g.Table.Name, err)
	}
	measure, err := ledger.FingerprintMeasure(g.stored.ID, moment, taken)
	if measures = append(measures, measure); err != nil || !g.wave() {
		return measures, err
	}
	if moment == ledger.MomentBefore {
		marks, err := g.marks(ctx, tx, rows)
		return append(measures, marks...), err
	}
	others, err := g.others(ctx, tx, rows, taken)
	if err != nil || others.Rows == 0 {
		return measures, err
	}
	measure, err = ledger.FingerprintMeasure(g.stored.ID, ledger.MomentOthers, others)
	return append(measures, measure), err
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
