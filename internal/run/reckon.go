package run

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// UnreconciledError ends a wave in which every record has its end, and after
// which the target is not what it must be. What landed is in the books, and
// nothing is left to be resumed.
type UnreconciledError struct {
	Run   string
	Found []string // one line a table
}

// Error says what is off.
func (e *UnreconciledError) Error() string { return strings.Join(e.Found, "; ") }

// reckon holds the tables that a wave wrote to against what they must be.
func (r *runner) reckon(ctx context.Context) error {
	if !r.wave() || r.rehearse || r.shadow != nil {
		return nil
	}
	unreconciled := &UnreconciledError{Run: r.run.Name}
	err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		unreconciled.Found = nil
		fingerprints, err := r.ledger.Fingerprints(ctx, tx, r.run.ID)
		if err != nil {
			return err
		}
		for _, g := range r.gauges {
			f := fingerprints[g.stored.ID]
			if f == nil || f.Held() {
				continue
			}
			line, err := g.off(ctx, tx, f)
			if err != nil {
				return fmt.Errorf("%s: %w", g.Name, err)
			}
			unreconciled.Found = append(unreconciled.Found, line)
		}
		return nil
	})
	if err != nil || len(unreconciled.Found) == 0 {
		return err
	}
	return unreconciled
}

// off says what is off with a table.
func (g *gauge) off(ctx context.Context, tx sqldb.Tx, f *ledger.Fingerprint) (string, error) {
	expected := f.Expected()
	lost, examples, err := g.lost(ctx, tx)
	switch {
	case err != nil:
		return "", err
	case lost > 0:
		return fmt.Sprintf("%s must have %d rows and has %d: %d rows that this run wrote are gone: %s", g.Table.Name, expected.Rows, f.After.Rows, lost, strings.Join(examples, ", ")), nil
	case f.After.Rows != expected.Rows:
		return fmt.Sprintf("%s must have %d rows and has %d: somebody else created or deleted rows while this run went on", g.Table.Name, expected.Rows, f.After.Rows), nil
	}
	return fmt.Sprintf("%s has its %d rows, and they are not what they were: somebody else changed at least one while this run went on", g.Table.Name, f.After.Rows), nil
}

// lostShown is how many lost records are named.
const lostShown = 3

// lost counts the rows that the run made and that are gone, and names a few.
func (g *gauge) lost(ctx context.Context, tx sqldb.Tx) (lost int64, examples []string, err error) {
	rows := g.tableFor(g.Table, g.Key)
	err = g.made(ctx, tx, g.Entity, func(made []crosswalk.Row, keys [][]record.Value) error {
		present, err := rows.Fetch(ctx, tx, keys, nil, false)
		if err != nil {
			return err
		}
		for i := range made {
			if present[i] != nil {
				continue
			}
			if lost++; len(examples) < lostShown {
				examples = append(examples, fmt.Sprintf("%s (row %s)", record.Ref{Entity: g.Name, Key: made[i].SourceKey}, made[i].TargetKey))
			}
		}
		return nil
	})
	return lost, examples, err
}
