package report

import (
	"context"
	"errors"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// differencesTold is how many differences of a reconciliation are told, how many
// of one kind, and of how many comparisons beside the complete one.
const (
	differencesTold = 60
	ofOneKind       = 5
	othersTold      = 5
)

// tellReconciliation tells the newest complete comparison after the run, and the
// newer ones that looked at less: what they did not look at, they say nothing of.
func (a *Account) tellReconciliation(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, o AccountOptions) error {
	if able, err := l.Books().Able(ctx, tx, "reconciliation"); err != nil || !able {
		return err
	}
	store := verdict.New(l.Books())
	all, err := store.OfRun(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	for _, r := range all {
		if o.asOf != nil && !o.asOf.tellsOf(r.Name, r.StartedAt, r.EndedAt) {
			continue
		}
		if before := o.asOf.unfinishedComparison(r); before != nil {
			a.Others = append(a.Others, *before)
			continue
		}
		whole := r.State == verdict.Completed && len(r.Options.Bounds()) == 0
		if !whole && len(a.Others) == othersTold {
			a.OthersMore++
			continue
		}
		told, err := a.tellComparison(ctx, tx, store, run, r, o)
		if err != nil {
			return err
		}
		if !r.State.Resumable() {
			a.reconciliations = append(a.reconciliations, r.ID)
		}
		if whole {
			a.Reconciliation = told
			break
		}
		a.Others = append(a.Others, *told)
	}
	return nil
}

func (a *Account) tellComparison(ctx context.Context, tx sqldb.Tx, store *verdict.Store, run *ledger.Run, r *verdict.Reconciliation, o AccountOptions) (*AccountReconciliation, error) {
	told := &AccountReconciliation{
		Name: r.Name, State: string(r.State), Actor: r.Actor, Host: r.Host, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Error: r.Error,
		Bounds: r.Options.Bounds(), Verdicts: []string{}, Entities: []AccountReconciliationEntity{},
	}
	entities, err := store.Entities(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	all := int64(0)
	for _, e := range entities {
		told.Entities = append(told.Entities, AccountReconciliationEntity{Name: e.Name, Done: e.Done, Counts: e.Counts, Differences: e.Differences(), NotLooked: e.NotLooked, AsOf: e.Earlier()})
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
	if err := a.tellDifferences(ctx, tx, store, run, r.ID, told, o); err != nil {
		return nil, err
	}
	told.More = max(0, all-int64(len(told.Examples)))
	return told, nil
}

var errEnough = errors.New("enough examples")

// tellDifferences picks a few of each kind.
func (a *Account) tellDifferences(ctx context.Context, tx sqldb.Tx, store *verdict.Store, run *ledger.Run, id int64, r *AccountReconciliation, o AccountOptions) error {
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
		if !o.ShowPrivate {
			veilDifference(&told, a.veils, run)
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

// veilDifference masks what a difference shows of a private column.
func veilDifference(d *AccountDifference, v *Veils, run *ledger.Run) {
	switch {
	case d.Verdict == string(verdict.Total):
		veil := veilOf(v, run, d.Entity, d.Rule)
		if veil.value {
			d.Expected, d.Found = masked(d.Expected), masked(d.Found)
		}
		if slices.Contains(veil.groups, true) {
			d.Message = privateText // it names the group
		}
	case d.Field != "" && v.Of(d.Entity, run).Target(d.Field):
		d.Expected, d.Found = masked(d.Expected), masked(d.Found)
	}
}
