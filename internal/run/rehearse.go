package run

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Trace is what would become of one record, and what came from where.
type Trace struct {
	Ref         record.Ref
	Number      int64
	Line        int64
	Table       string
	Disposition record.Disposition
	Rejection   *record.Rejection
	Fields      []mapping.FieldTrace
	TargetKey   string // empty for a new row whose key the target would give
	Columns     []string
	Before      []record.Value  // the row as it is; nil when there is none
	After       []record.Value  // what would be written; nil when nothing would
	Private     map[string]bool // target columns whose values are for nobody who does not ask for them
}

// Rehearse does all that a run does, the writing included, in one transaction
// that is rolled back: it leaves no row, no entry in the books, no key used.
// It holds locks and one connection while it lasts, and is meant for a few
// records.
func Rehearse(ctx context.Context, m *migration.Migration, o Options, trace func(Trace) error) (*Result, error) {
	if o.Records == 0 {
		o.Records = DefaultRecords
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Mode == "" {
		o.Mode = target.Full
	}
	db := m.Looker()
	b, err := books.New(db.Dialect())
	if err != nil {
		return nil, err
	}
	asking := o.asking(m.File.Name, false)
	asking.Rehearsal = true
	gate := guard.NewGate(b, guard.RulesOf(m.File, m.Target, m.Looker()), asking)
	if err := gate.Open(ctx, db); err != nil {
		return nil, err
	}
	tx, err := BeginWithBooks(ctx, db)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	r := newRunner(m, o, b)
	r.Loader, r.Gate, r.rehearse = target.Rehearsal{Tx: tx}, gate, true
	r.held = &held{trace: trace, at: map[record.Ref]int{}}
	r.traced = func(l *landing) {
		for i := range l.units {
			r.held.add(l.trace(i))
		}
	}
	r.reach(ctx)
	if err := r.beginRehearsal(ctx, tx); err != nil {
		return nil, err
	}
	result := &Result{Run: r.run, Unreached: r.unreached}
	if err := r.runEntities(ctx, result); err != nil {
		return result, fmt.Errorf("rehearsing: %w", err)
	}
	return result, nil
}

// beginRehearsal starts a run of its own, whatever run may be unfinished.
func (r *runner) beginRehearsal(ctx context.Context, tx sqldb.Tx) error {
	wanted, entities, err := r.wants(ctx)
	if err != nil {
		return err
	}
	if r.Lease, err = TakeLease(ctx, tx, r.books, wanted.Migration); err != nil {
		return err
	}
	if err := r.nameEntities(ctx, tx, wanted.Migration, entities); err != nil {
		return err
	}
	if err := r.judgeKeys(ctx, entities); err != nil {
		return err
	}
	r.run, r.entities = wanted, entities
	if err := r.ledger.Start(ctx, tx, wanted, entities); err != nil {
		return err
	}
	return r.claimSpaces(ctx, tx)
}

// trace tells record i of a landing that has its end.
func (l *landing) trace(i int) Trace {
	u, item := &l.units[i], &l.batch.Items[i]
	t := Trace{
		Ref: item.Ref, Number: item.Number, Line: item.Line, Table: l.Table.Name.String(),
		Rejection: u.rejection, Before: u.before,
		Fields: l.Program.Explain(item.Record, l.stored.Header), Private: l.Privacy().Target,
	}
	for _, column := range l.Columns {
		t.Columns = append(t.Columns, column.Name)
	}
	if u.rejection != nil {
		t.Disposition = u.rejection.Disposition()
		return t
	}
	t.Disposition, t.TargetKey = u.disposition(), u.keyText
	switch u.action {
	case target.Create:
		t.After = u.row
		if l.numbers != nil || l.Remote != nil && l.To.NewKey == mapping.KeyIdentity {
			t.TargetKey = ""
		}
	case target.Update, target.Adopt:
		t.After = append(append([]record.Value(nil), u.key...), u.row[len(l.Columns)-len(l.Program.Columns):]...)
		if len(l.Columns) == len(l.Program.Columns) {
			t.After = u.row
		}
	}
	return t
}
