package run

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// restore gives updated rows back what they held before the run. A row may have
// to wait for another one to give back first what it held; what the target
// refuses even then, since a record that landed has taken a unique value
// meanwhile, stays as the run wrote it, and the record says so.
func (s *settling) restore(ctx context.Context, e *entityRun, restored []*waiter) error {
	generated := len(e.Columns) - len(e.Program.Columns)
	columns := e.Columns[generated:]
	for left := restored; len(left) > 0; {
		changes := make([]target.Change, len(left))
		for i, w := range left {
			key, err := e.keyValues(w.entry.TargetKey)
			if err != nil {
				return err
			}
			changes[i] = target.Change{Key: key, Values: w.after[generated:]}
		}
		landed, err := s.writer(e).Update(ctx, s.tx, columns, changes)
		if err != nil {
			return fmt.Errorf("giving rows of %s back what they held: %w", e.Table.Name, err)
		}
		refused := make([]*waiter, len(landed.Refused))
		for i, refusal := range landed.Refused {
			refused[i] = left[refusal.Row]
		}
		if len(refused) == len(left) { // none of them waited for another
			for i, refusal := range landed.Refused {
				if !refused[i].keep(columns, generated, refusal) {
					return fmt.Errorf("%s did not land after all, and the target refuses what its row held before: %s", refused[i].ref, refusal.Message)
				}
			}
		}
		left = refused
	}
	rows := make([]crosswalk.Row, len(restored))
	for i, w := range restored {
		rows[i] = w.entry
		rows[i].State, rows[i].Hash, rows[i].HasHash, rows[i].ShapeID = crosswalk.StateLive, s.hash(e, w.after), true, e.shapeID
		if generated == 0 {
			rows[i].TargetKey = joinKey(e.naturalKey(w.after))
			rows[i].Moves = rows[i].TargetKey != w.entry.TargetKey
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return e.store.Replace(ctx, s.tx, rows)
}

// keep lets the columns that a refusal names stay as the row has them. It
// reports whether that changes anything.
func (w *waiter) keep(columns []sqldb.Column, generated int, refusal target.Refusal) bool {
	if refusal.Code != record.CodeUnique {
		return false
	}
	changed := false
	for _, name := range refusal.Columns {
		at := columnPlace(columns, name)
		if at < 0 || w.after[generated+at] == w.row[generated+at] {
			continue
		}
		w.after[generated+at] = w.row[generated+at]
		changed = true
	}
	if changed {
		w.kept += fmt.Sprintf("; its row keeps what the run wrote to %s: what it held before is another row's by now (%s)", strings.Join(refusal.Columns, ", "), refusal.Message)
	}
	return changed
}
