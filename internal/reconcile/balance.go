package reconcile

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// namedInBalance is how many rows of a kind a balance names.
const namedInBalance = 10

// balances holds, table by table, the rows that the run had found and made
// against those that are there. There is none where a later run may have changed
// the tables, or where not all records were compared.
func (w *work) balances(ctx context.Context) error {
	if w.m.API() != nil || !w.whole || !w.o.Sample.All() || len(w.o.Entities) > 0 {
		return nil
	}
	var of *ledger.Run
	entities := map[string]ledger.Entity{}
	err := w.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if of, err = w.balanced(ctx, tx); err != nil || of == nil {
			return err
		}
		known, err := w.ledger.Entities(ctx, tx, of.ID)
		for _, e := range known {
			entities[e.Name] = e
		}
		return err
	})
	if err != nil || of == nil {
		return err
	}
	gone, err := w.goneOf(ctx, of)
	if err != nil {
		return err
	}
	var tables []string
	members := map[string][]*run.ExpectedEntity{}
	for _, e := range w.x.Entities {
		name := e.Table.Name.String()
		if members[name] == nil {
			tables = append(tables, name)
		}
		members[name] = append(members[name], e)
	}
	for _, name := range tables {
		if !slices.ContainsFunc(members[name], func(e *run.ExpectedEntity) bool { _, carried := entities[e.Name]; return carried }) {
			continue
		}
		b := &verdict.Balance{Table: name, Run: of.Name, Before: -1}
		err := w.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			return w.balance(ctx, tx, b, of, members[name], entities)
		})
		if err != nil {
			return fmt.Errorf("the balance of %s: %w", name, err)
		}
		if b.Before < 0 {
			continue // nobody counted
		}
		for _, e := range members[name] {
			b.Gone += gone.counts[e.Name]
			b.GoneRecords = append(b.GoneRecords, gone.records[e.Name]...)
		}
		b.Judge(w.live)
		if b.Business == 0 || int64(len(b.BusinessRows)) > b.Business {
			b.BusinessRows = nil // the keys do not tell
		}
		w.result.Balances = append(w.result.Balances, b)
	}
	return nil
}

// balanced is the run whose balance can be drawn: the one that is compared with,
// unless it has not ended or a later one has written since.
func (w *work) balanced(ctx context.Context, tx sqldb.Tx) (*ledger.Run, error) {
	runs, err := w.ledger.Runs(ctx, tx, w.m.File.Name)
	if err != nil {
		return nil, err
	}
	for _, r := range runs { // newest first
		switch {
		case r.Mode == ledger.ModeRestore || r.Mode == ledger.ModeImport: // they write to no table but the books
			if r.ID == w.of.ID && w.o.Run != "" {
				return nil, nil
			}
			continue
		case w.o.Run != "" && r.ID != w.of.ID, r.State != ledger.Completed, !r.Reads():
			return nil, nil
		}
		return r, nil
	}
	return nil, nil
}

// balance counts what is counted in one snapshot.
func (w *work) balance(ctx context.Context, tx sqldb.Tx, b *verdict.Balance, of *ledger.Run, members []*run.ExpectedEntity, entities map[string]ledger.Entity) error {
	b.Entities, b.Read, b.Rejected, b.Made, b.BusinessRows = nil, 0, 0, 0, nil
	prints, err := w.ledger.Fingerprints(ctx, tx, of.ID)
	if err != nil {
		return err
	}
	for _, e := range members {
		stored, carried := entities[e.Name]
		if !carried {
			continue
		}
		b.Entities = append(b.Entities, e.Name)
		if print := prints[stored.ID]; print != nil {
			b.Before = int64(print.Before.Rows)
		}
		counts, read, err := w.ledger.Counts(ctx, tx, of.ID, stored.ID)
		if err != nil {
			return err
		}
		b.Read += read
		b.Rejected += counts[record.Failed] + counts[record.Blocked] + counts[record.Unknown]
		b.Made += counts[record.Created]
	}
	dialect := w.m.Looker().Dialect()
	row, err := oneValue(ctx, tx, "SELECT count(*) FROM "+dialect.QuoteName(members[0].Table.Name))
	if err != nil {
		return err
	}
	b.Actual = row.Int()
	return w.business(ctx, tx, b, of, members)
}

// business finds rows that nobody owns, above the lowest key that the run gave
// to a row: where keys are numbers that only grow, these came since it began.
func (w *work) business(ctx context.Context, tx sqldb.Tx, b *verdict.Balance, of *ledger.Run, members []*run.ExpectedEntity) error {
	key := members[0].Key
	if len(key) != 1 || key[0].Type.Kind != record.KindInt {
		return nil
	}
	lowest, made, err := members[0].Store().LowestMadeBy(ctx, tx, of.ID)
	if err != nil || !made {
		return err
	}
	dialect := w.m.Looker().Dialect()
	column := "t." + dialect.Quote(key[0].Name)
	query := fmt.Sprintf("SELECT %s FROM %s t WHERE %[1]s > %[3]d AND %[4]s ORDER BY %[1]s LIMIT %[5]d",
		column, dialect.QuoteName(members[0].Table.Name), lowest, members[0].Store().Nobodys(dialect.AsText(column)), namedInBalance)
	return sqldb.Each(ctx, tx, func(values []record.Value) error {
		b.BusinessRows = append(b.BusinessRows, values[0].String())
		return nil
	}, query)
}

// goneRows are the rows that a run made and that are not there, by entity.
type goneRows struct {
	counts  map[string]int64
	records map[string][]string
}

// goneOf finds, of the rows that were found missing, those that the run made.
func (w *work) goneOf(ctx context.Context, of *ledger.Run) (*goneRows, error) {
	gone := &goneRows{counts: map[string]int64{}, records: map[string][]string{}}
	missing := map[string][]string{} // by entity; a chunk of it
	settle := func(entity string) error {
		keys := missing[entity]
		missing[entity] = nil
		at := slices.IndexFunc(w.x.Entities, func(e *run.ExpectedEntity) bool { return e.Name == entity })
		if at < 0 || len(keys) == 0 {
			return nil
		}
		var entries map[string]crosswalk.Row
		err := w.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			entries, err = w.x.Entities[at].Store().Lookup(ctx, tx, keys)
			return err
		})
		if err != nil {
			return err
		}
		for _, key := range keys {
			entry, known := entries[key]
			if !known || entry.Role != crosswalk.RoleCreated || entry.FirstRun != of.ID {
				continue
			}
			if gone.counts[entity]++; len(gone.records[entity]) < namedInBalance {
				gone.records[entity] = append(gone.records[entity], fmt.Sprintf("%s (row %s)", record.Ref{Entity: entity, Key: key}, entry.TargetKey))
			}
		}
		return nil
	}
	err := w.notes.each(ctx, func(d *verdict.Difference) error {
		if d.Verdict != verdict.Missing {
			return nil
		}
		if missing[d.Entity] = append(missing[d.Entity], d.Key); len(missing[d.Entity]) < keysAtOnce {
			return nil
		}
		return settle(d.Entity)
	})
	if err != nil {
		return nil, err
	}
	for entity := range missing {
		if err := settle(entity); err != nil {
			return nil, err
		}
	}
	return gone, nil
}
