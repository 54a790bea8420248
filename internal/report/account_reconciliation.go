package report

import (
	"context"
	"errors"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// differencesTold is how many differences of a reconciliation are told, and how
// many of one kind.
const (
	differencesTold = 60
	ofOneKind       = 5
)

// tellReconciliation tells the newest comparison after the run.
func (a *Account) tellReconciliation(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, o AccountOptions) error {
	if able, err := l.Books().Able(ctx, tx, "reconciliation"); err != nil || !able {
		return err
	}
	store := verdict.New(l.Books())
	r, err := store.OfRun(ctx, tx, run.ID)
	if err != nil || r == nil {
		return err
	}
	told := &AccountReconciliation{
		Name: r.Name, State: string(r.State), Actor: r.Actor, Host: r.Host, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Error: r.Error,
		Sample: r.Options.Sample, Verdicts: []string{}, Entities: []AccountReconciliationEntity{},
	}
	entities, err := store.Entities(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	all := int64(0)
	for _, e := range entities {
		told.Entities = append(told.Entities, AccountReconciliationEntity{Name: e.Name, Done: e.Done, Counts: e.Counts, Differences: e.Differences()})
		all += e.Differences()
	}
	for _, v := range verdict.Verdicts {
		for _, e := range entities {
			if e.Counts[string(v)] > 0 {
				told.Verdicts = append(told.Verdicts, string(v))
				break
			}
		}
	}
	if err := a.tellDifferences(ctx, tx, store, r.ID, told, o); err != nil {
		return err
	}
	told.More = max(0, all-int64(len(told.Examples)))
	a.Reconciliation = told
	if !r.State.Resumable() {
		a.reconciliation = r.ID
	}
	return nil
}

var errEnough = errors.New("enough examples")

// tellDifferences picks a few of each kind.
func (a *Account) tellDifferences(ctx context.Context, tx sqldb.Tx, store *verdict.Store, id int64, r *AccountReconciliation, o AccountOptions) error {
	type kind struct {
		entity, field string
		verdict       verdict.Verdict
	}
	seen := map[kind]int{}
	err := store.Differences(ctx, tx, id, func(d *verdict.Difference) error {
		k := kind{d.Entity, d.Field, d.Verdict}
		if seen[k]++; seen[k] > ofOneKind {
			return nil
		}
		told := AccountDifference{
			Entity: d.Entity, TargetKey: d.TargetKey, Verdict: string(d.Verdict), Field: d.Field, Expected: d.Expected, Found: d.Found,
			Rule: d.Rule, Message: d.Message,
		}
		if d.Key != "" {
			told.Ref = record.Ref{Entity: d.Entity, Key: d.Key}.String()
		}
		if !o.ShowPrivate && o.File != nil {
			if e := o.File.Entity(d.Entity); e != nil && e.Privacy().Target[d.Field] {
				told.Expected, told.Found = masked(told.Expected), masked(told.Found)
			}
		}
		r.Examples = append(r.Examples, told)
		if len(r.Examples) == differencesTold {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
