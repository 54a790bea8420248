package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// fill writes the parents' keys into the rows. Records whose parents turned out
// not to have landed in this very batch stay for the next one.
func (s *settling) fill(ctx context.Context, e *entityRun, found []*waiter) error {
	var columns []sqldb.Column
	for _, ref := range e.Program.Refs {
		if slices.ContainsFunc(ref.Entities, func(name string) bool { return e.later[name] }) {
			columns = append(columns, e.Columns[columnPlace(e.Columns, ref.Field.Target)])
		}
	}
	var settled, changed []*waiter
	var changes []target.Change
	for _, w := range found {
		if s.removed[w.ref] || s.touched[w.ref] || s.anyRemoved(w.parents) {
			continue
		}
		switch change, err := s.mayChange(w); {
		case err != nil:
			return err
		case w.why != nil:
			if err := s.reject(ctx, []*waiter{w}); err != nil {
				return err
			}
			continue
		case change:
			key, err := e.keyValues(w.entry.TargetKey)
			if err != nil {
				return err
			}
			values := make([]record.Value, len(columns))
			for i := range columns {
				values[i] = w.after[columnPlace(e.Columns, columns[i].Name)]
			}
			changed, changes = append(changed, w), append(changes, target.Change{Key: key, Values: values})
		}
		settled = append(settled, w)
	}
	landed, err := s.writer(e).Update(ctx, s.tx, columns, changes)
	if err != nil {
		return fmt.Errorf("updating %s: %w", e.Table.Name, err)
	}
	for _, refusal := range landed.Refused {
		w := changed[refusal.Row]
		w.why = &record.Rejection{Ref: w.ref, Step: record.StepLand, Field: strings.Join(refusal.Columns, ", "), Code: refusal.Code, Err: errors.New(refusal.Message)}
	}
	if err := s.note(ctx, e, settled); err != nil {
		return err
	}
	var refused []*waiter
	for _, w := range settled {
		if w.why != nil {
			refused = append(refused, w)
		}
	}
	return s.reject(ctx, refused)
}

func (s *settling) anyRemoved(refs []record.Ref) bool {
	for _, ref := range refs {
		if s.removed[ref] {
			return true
		}
	}
	return false
}

// mayChange reports whether a row is to be written. One that this run has not
// written yet may have been edited, and then the policy says what happens.
func (s *settling) mayChange(w *waiter) (bool, error) {
	before, after := s.hash(w.entityRun, w.row), s.hash(w.entityRun, w.after)
	same := before == after
	for i := range w.row {
		same = same && w.row[i] == w.after[i]
	}
	if same || w.was != record.Unchanged {
		return !same, nil
	}
	action, rejection := target.Decide(target.Situation{Known: true, RowEdited: w.entry.HasHash && w.entry.Hash != before}, w.policy)
	if rejection != nil {
		rejection.Ref = w.ref
		w.why = rejection
	}
	if action == target.Keep {
		w.after = w.row
	}
	return action == target.Update, nil
}

func (s *settling) hash(e *entityRun, row []record.Value) record.Hash {
	return s.hasher(e).hasher.Sum(row)
}

func (s *settling) hasher(e *entityRun) *lane {
	if s.hashers[e] == nil {
		s.hashers[e] = e.newLane(s.Loader)
	}
	return s.hashers[e]
}

// once is what the row holds after the change of what is written only once. Of
// a row that somebody has edited it stays what was written.
func (s *settling) once(e *entityRun, w *waiter) crosswalk.Once {
	hasher := s.hasher(e).once
	if e.onceID == 0 || w.entry.Once != crosswalk.OnceOf(e.onceID, hasher.Sum(w.row)) {
		return w.entry.Once
	}
	return crosswalk.OnceOf(e.onceID, hasher.Sum(w.after))
}

// note writes down what the settled records are now: in the crosswalk, and in
// the ledger where it tells more of them than their end.
func (s *settling) note(ctx context.Context, e *entityRun, settled []*waiter) error {
	var rows []crosswalk.Row
	var keys []string
	var telling []*waiter
	detail := s.run.Kind() != ledger.KindAll || e.LogFull
	for _, w := range settled {
		keys = append(keys, w.ref.Key)
		if w.why != nil {
			continue
		}
		same := s.hash(e, w.row) == s.hash(e, w.after)
		if w.was != record.Unchanged || !same {
			row := w.entry
			row.State, row.LastRun = crosswalk.StateLive, s.run.ID
			row.Hash, row.HasHash, row.ShapeID = s.hash(e, w.after), true, e.shapeID
			row.Once = s.once(e, w)
			rows = append(rows, row)
		}
		if w.was == record.Updated || !same && (detail || w.was == record.Unchanged) {
			telling = append(telling, w)
		}
		s.retell(w.ref, func(t *Trace) {
			if t.After != nil && len(t.After) == len(w.after) {
				first := t.After[0]
				t.After = w.after
				t.After[0] = first
			}
		})
	}
	if err := e.store.Replace(ctx, s.tx, rows); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := s.tellChanged(ctx, e, telling); err != nil {
		return err
	}
	return e.store.Settled(ctx, s.tx, s.run.ID, keys)
}

// tellChanged supersedes what the ledger says of rows whose content it keeps.
func (s *settling) tellChanged(ctx context.Context, e *entityRun, waiters []*waiter) error {
	read, err := s.read(ctx, e, waiters)
	if err != nil {
		return err
	}
	for _, w := range waiters {
		told := read[w.ref.Key]
		end := w.was
		if told.entry.Before == "" && w.was == record.Unchanged {
			end, told.entry.Before = record.Updated, imageOf(e.Columns, w.row)
		}
		told.entry.After = imageOf(e.Columns, w.after)
		s.said[e] = append(s.said[e], ledger.Correction{Was: w.was, Line: ledger.Line{
			Key: w.ref.Key, Number: w.number, Line: told.line, Disposition: end, TargetKey: w.entry.TargetKey, Entry: told.entry,
		}})
	}
	return nil
}
