package report

import (
	"context"
	"fmt"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// tellMeasures tells totals and fingerprints.
func (a *Account) tellMeasures(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, o AccountOptions) error {
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, e := range entities {
		names[e.ID] = e.Name
	}
	totals, err := l.Totals(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	for _, t := range totals {
		var veil totalVeil
		if !o.ShowPrivate {
			veil = veilOf(a.veils, run, names[t.EntityID], t.Name)
		}
		for _, group := range t.Groups {
			told := AccountTotal{Entity: names[t.EntityID], Name: t.Name, Before: group.Before, After: group.After, Open: !t.Ended}
			for i, value := range group.Values {
				switch {
				case value == nil:
					told.Group = append(told.Group, "NULL")
				case veil.group(i):
					told.Group = append(told.Group, privateText)
				default:
					told.Group = append(told.Group, fmt.Sprintf("%q", *value))
				}
			}
			if veil.value {
				told.Before, told.After = masked(told.Before), masked(told.After)
			}
			a.Totals = append(a.Totals, told)
		}
		if t.TooManyBefore || t.TooManyAfter {
			a.Totals = append(a.Totals, AccountTotal{Entity: names[t.EntityID], Name: t.Name, Group: []string{"and more groups than are told"}, Open: !t.Ended})
		}
	}
	fingerprints, err := l.Fingerprints(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	for _, e := range entities {
		f := fingerprints[e.ID]
		if f == nil {
			continue
		}
		told := AccountFingerprint{Entity: e.Name, Held: f.Held(), Open: !f.Ended, RowsBefore: f.Before.Rows}
		if f.Ended {
			told.RowsAfter, told.RowsExpected, told.RowsOthers = f.After.Rows, f.Expected().Rows, f.Others.Rows
		}
		a.Fingerprints = append(a.Fingerprints, told)
	}
	return nil
}

// totalVeil says what of a total is private.
type totalVeil struct {
	groups []bool
	value  bool
}

func (v *totalVeil) group(i int) bool { return i < len(v.groups) && v.groups[i] }

// veilOf looks a total up in the mapping as it is now. A total that the mapping
// does not have any more shows nothing of an entity with private fields.
func veilOf(v *Veils, run *ledger.Run, entity, name string) (hidden totalVeil) {
	veil := v.Of(entity, run)
	if veil.now != nil {
		for _, total := range veil.now.Totals {
			if total.Text != name {
				continue
			}
			for _, column := range total.By {
				hidden.groups = append(hidden.groups, veil.Target(column))
			}
			hidden.value = total.Column != "" && total.Func != mapping.TotalCount && veil.Target(total.Column)
			return hidden
		}
	}
	if hidden.value = veil.any(); hidden.value {
		hidden.groups = []bool{true, true, true, true, true, true, true, true}
	}
	return hidden
}

func masked(text *string) *string {
	if text == nil {
		return nil
	}
	return told(privateText)
}
