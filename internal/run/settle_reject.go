package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/target"
)

// reject undoes records that have landed and whose parents never will: rows of
// this run go, rows that it changed get back what they held, rows that it left
// alone stay. Whatever refers to a row that goes waits for it anew, and finds
// in turn that it failed; where its column cannot be empty, it goes along.
func (s *settling) reject(ctx context.Context, lost []*waiter) error {
	var all []*waiter
	for len(lost) > 0 {
		var gone []*waiter
		for _, w := range lost {
			if s.removed[w.ref] {
				continue
			}
			s.removed[w.ref] = true
			all = append(all, w)
			if w.was == record.Created && w.row != nil {
				gone = append(gone, w)
			}
		}
		var err error
		if lost, err = s.dependents(ctx, gone); err != nil {
			return err
		}
	}
	for _, e := range slices.Backward(s.members) {
		own := slices.DeleteFunc(slices.Clone(all), func(w *waiter) bool { return w.entityRun != e })
		if len(own) == 0 {
			continue
		}
		if err := s.undo(ctx, e, own); err != nil {
			return err
		}
	}
	return nil
}

// dependents finds the rows that refer to rows that go. Those whose column may
// be empty are emptied and wait; the others are returned.
func (s *settling) dependents(ctx context.Context, gone []*waiter) ([]*waiter, error) {
	var follow []*waiter
	for _, e := range s.members {
		for _, ref := range e.Program.Refs {
			place := columnPlace(e.Columns, ref.Field.Target)
			column := e.Columns[place]
			parents := map[record.Value]*waiter{}
			var values []record.Value
			for _, w := range gone {
				if !slices.Contains(ref.Entities, w.Name) {
					continue
				}
				value, misfit := referred(column, w.entry.TargetKey)
				if misfit != nil {
					continue // no row can hold it
				}
				parents[value] = w
				values = append(values, value)
			}
			waiters, err := s.referring(ctx, e, ref.Field.Target, values)
			if err != nil {
				return nil, err
			}
			var empty []*waiter
			for _, w := range waiters {
				parent := parents[w.row[place]]
				if parent == nil || s.removed[w.ref] {
					continue
				}
				if !column.Nullable {
					cause := ledger.Cause{RunName: s.run.Name, Disposition: parent.why.Disposition(), Code: parent.why.Code, Field: parent.why.Field}
					w.why = orphaned(w.ref, column.Name, parent.ref, &cause)
					follow = append(follow, w)
					continue
				}
				w.after[place] = record.Null()
				w.pending = []crosswalk.Pending{{
					SourceKey: w.ref.Key, Field: column.Name, ParentID: parent.store.EntityID, ParentKey: parent.ref.Key, RecordNo: w.number, Disposition: w.was,
				}}
				empty = append(empty, w)
			}
			if err := s.empty(ctx, e, ref.Field.Target, empty); err != nil {
				return nil, err
			}
		}
	}
	return follow, nil
}

// referring finds the records, written by this run, whose column holds one of
// the values.
func (s *settling) referring(ctx context.Context, e *entityRun, field string, values []record.Value) ([]*waiter, error) {
	if len(values) == 0 {
		return nil, nil
	}
	keys, err := s.writer(e).Referring(ctx, s.tx, e.Columns[columnPlace(e.Columns, field)], values)
	if err != nil {
		return nil, fmt.Errorf("looking for rows of %s that refer to rows that go: %w", e.Table.Name, err)
	}
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = joinKey(key)
	}
	owning, err := e.store.Owning(ctx, s.tx, texts)
	if err != nil {
		return nil, err
	}
	var waiters []*waiter
	var known []string
	for _, text := range texts {
		if row, ours := owning[text]; ours && row.LastRun == s.run.ID {
			waiters = append(waiters, &waiter{entityRun: e, ref: record.Ref{Entity: e.Name, Key: row.SourceKey}, number: row.RecordNo, was: record.Created, entry: row})
			known = append(known, row.SourceKey)
		}
	}
	told, err := s.ledger.LastTold(ctx, s.tx, s.run.ID, e.stored.ID, known)
	if err != nil {
		return nil, err
	}
	for _, w := range waiters {
		if t := told[w.ref.Key]; t != nil {
			w.was = t.Disposition
		}
	}
	return waiters, s.look(ctx, e, waiters)
}

// empty takes a reference out of rows and lets them wait for it.
func (s *settling) empty(ctx context.Context, e *entityRun, field string, waiters []*waiter) error {
	if len(waiters) == 0 {
		return nil
	}
	place := columnPlace(e.Columns, field)
	changes := make([]target.Change, len(waiters))
	rows := make([]crosswalk.Row, len(waiters))
	var pending []crosswalk.Pending
	for i, w := range waiters {
		key, err := e.keyValues(w.entry.TargetKey)
		if err != nil {
			return err
		}
		changes[i] = target.Change{Key: key, Values: []record.Value{record.Null()}}
		rows[i] = w.entry
		rows[i].State, rows[i].Hash, rows[i].Once = crosswalk.StatePending, s.hash(e, w.after), s.once(e, w)
		pending = append(pending, w.pending...)
		s.touched[w.ref] = true
	}
	landed, err := s.writer(e).Update(ctx, s.tx, e.Columns[place:place+1], changes)
	if err != nil {
		return fmt.Errorf("updating %s: %w", e.Table.Name, err)
	}
	if len(landed.Refused) > 0 {
		refusal := landed.Refused[0]
		return fmt.Errorf("%s refers to a record that did not land after all, and the target does not let %s be emptied: %s", waiters[refusal.Row].ref, field, refusal.Message)
	}
	if err := e.store.Replace(ctx, s.tx, rows); err != nil {
		return err
	}
	return e.store.Postpone(ctx, s.tx, s.run.ID, pending)
}

// undo takes the records of one entity back and says so.
func (s *settling) undo(ctx context.Context, e *entityRun, lost []*waiter) error {
	read, err := s.read(ctx, e, lost)
	if err != nil {
		return err
	}
	var keys [][]record.Value
	var deleted, forgotten []string
	var restored []*waiter
	entries := map[*waiter]*ledger.Entry{}
	for _, w := range lost {
		told := read[w.ref.Key]
		line := ledger.Line{Key: w.ref.Key, Number: w.number, Line: told.line, Disposition: w.why.Disposition(), TargetKey: w.entry.TargetKey}
		switch {
		case w.was == record.Created:
			line.TargetKey = ""
			if w.row != nil {
				key, err := e.keyValues(w.entry.TargetKey)
				if err != nil {
					return err
				}
				keys = append(keys, key)
			}
			deleted = append(deleted, w.ref.Key)
		case w.was == record.Updated && w.row != nil:
			if w.after, err = ledger.DecodeRow(e.Columns, told.entry.Before); err != nil {
				return fmt.Errorf("%s: the row before its update: %w", w.ref, err)
			}
			restored = append(restored, w)
			if told.entry.Role == "adopted" {
				line.TargetKey = ""
				forgotten = append(forgotten, w.ref.Key)
			}
		}
		line.Entry = &ledger.Entry{Step: w.why.Step, Field: w.why.Field, Code: w.why.Code, Message: w.why.Message(), Source: told.entry.Source}
		entries[w] = line.Entry
		s.said[e] = append(s.said[e], ledger.Correction{Line: line, Was: w.was})
		s.rejected[e] = append(s.rejected[e], w.ref.Key)
		s.retell(w.ref, func(t *Trace) { t.Disposition, t.Rejection, t.After = line.Disposition, w.why, nil })
	}
	if err := s.restore(ctx, e, restored); err != nil {
		return err
	}
	for _, w := range restored {
		entries[w].Message += w.kept
	}
	if err := s.writer(e).Delete(ctx, s.tx, keys); err != nil {
		return fmt.Errorf("taking back rows of %s whose parents did not land: %w", e.Table.Name, err)
	}
	return errors.Join(e.store.Mark(ctx, s.tx, deleted, crosswalk.StateDeleted), e.store.Forget(ctx, s.tx, forgotten))
}

// reading is what was read of a record, and what the ledger says of it.
type reading struct {
	line  int64
	entry *ledger.Entry
}

// numbered are records by key, with the number of each: the crosswalk, where
// they come from, does not know slices.
type numbered map[string]int64

// Has implements source.Wanted.
func (n numbered) Has(key string) bool { _, ok := n[key]; return ok }

// Keys implements source.Wanted.
func (n numbered) Keys() iter.Seq2[string, error] { return source.KeysOf(maps.Keys(n)) }

// read finds what was read of records: in the ledger, or, where it keeps
// nothing of them, in the source.
func (s *settling) read(ctx context.Context, e *entityRun, waiters []*waiter) (map[string]reading, error) {
	keys := make([]string, len(waiters))
	for i, w := range waiters {
		keys[i] = w.ref.Key
	}
	told, err := s.ledger.LastTold(ctx, s.tx, s.run.ID, e.stored.ID, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[string]reading, len(waiters))
	missing := numbered{}
	for _, w := range waiters {
		if t := told[w.ref.Key]; t != nil && t.Number == w.number {
			entry := t.Entry
			found[w.ref.Key] = reading{line: t.Line, entry: &entry}
			continue
		}
		found[w.ref.Key] = reading{entry: &ledger.Entry{}}
		missing[w.ref.Key] = w.number
	}
	if len(missing) == 0 {
		return found, nil
	}
	for _, slice := range e.stored.Slices {
		reader, err := e.Origin.Pick(ctx, sliceOf(slice), missing)
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		for {
			rec, _, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			if number, asked := missing[rec.Ref.Key]; asked && (rec.Number == 0 || rec.Number == number) {
				found[rec.Ref.Key] = reading{line: rec.Line, entry: &ledger.Entry{Source: cellsJSON(rec.Values)}}
			}
		}
	}
	return found, nil
}
