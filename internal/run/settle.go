package run

import (
	"context"
	"errors"
	"fmt"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// settling is one attempt to bring a batch of waiting records to their end.
type settling struct {
	*circle
	tx       sqldb.Tx
	removed  map[record.Ref]bool // did not land after all
	touched  map[record.Ref]bool // wait for a parent anew
	said     map[*entityRun][]ledger.Correction
	retold   []func() // what a rehearsal tells otherwise
	hashers  map[*entityRun]*lane
	rejected map[*entityRun][]string // source keys
	rows     map[*entityRun]target.Table
}

// writer is how rows of an entity are written in this transaction. A wave, in
// which no record waits, has no way to settle any.
func (s *settling) writer(e *entityRun) target.Table {
	if s.rows[e] == nil {
		s.rows[e] = e.writer().(target.Table)
	}
	return s.rows[e]
}

// tellWitnesses writes down what the transaction did to the tables. Its place
// among the entity's corrections is a count of its own: most transactions
// correct nothing.
func (s *settling) tellWitnesses(ctx context.Context) error {
	next := map[*gauge]int64{}
	at := func(owner *gauge) (int, int64, error) {
		ordinal, known := next[owner]
		if !known {
			var err error
			if ordinal, err = s.ledger.NextCorrection(ctx, s.tx, s.run.ID, owner.stored.ID); err != nil {
				return 0, 0, err
			}
			next[owner] = ordinal
		}
		return ledger.Corrections, ordinal, nil
	}
	for _, e := range s.members {
		if w, measures := s.rows[e].(watched); measures {
			if err := w.seen().tell(ctx, s.tx, e, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// waiter is a record that waits for parents.
type waiter struct {
	*entityRun
	ref     record.Ref
	number  int64
	was     record.Disposition
	pending []crosswalk.Pending
	entry   crosswalk.Row
	row     []record.Value // as it is, in the order of the entity's columns; nil when it is gone
	after   []record.Value
	why     *record.Rejection
	kept    string       // what its row could not be given back, in words; empty for nothing
	parents []record.Ref // that were found
}

// settleBatch settles the first waiting records of the circle, in a transaction
// of their own. It reports whether none was left.
func (c *circle) settleBatch(ctx context.Context) (none bool, err error) {
	var last *settling
	err = c.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		last = &settling{
			circle: c, tx: a.Tx, removed: map[record.Ref]bool{}, touched: map[record.Ref]bool{}, said: map[*entityRun][]ledger.Correction{},
			hashers: map[*entityRun]*lane{}, rejected: map[*entityRun][]string{}, rows: map[*entityRun]target.Table{},
		}
		var err error
		none, err = last.within(ctx)
		return err
	}, c.Again)
	if err == nil {
		for _, retell := range last.retold {
			retell()
		}
		for e, corrections := range last.said {
			var codes []record.Code
			for _, correction := range corrections {
				if correction.Disposition.NeedsRetry() {
					codes = append(codes, correction.Entry.Code)
				}
			}
			e.budget.more(codes)
		}
	}
	return none, err
}

// within is the transaction from the lease to the corrections.
func (s *settling) within(ctx context.Context) (none bool, err error) {
	if err := s.Check(ctx, s.tx); err != nil {
		return false, err
	}
	if err := sqldb.PreferIndexes(ctx, s.tx, s.books.Dialect(), true); err != nil {
		return false, err
	}
	for _, e := range s.members {
		pending, err := e.store.Postponed(ctx, s.tx, s.run.ID, s.o.Records)
		if err != nil {
			return false, err
		}
		if len(pending) == 0 {
			continue
		}
		if err := s.batch(ctx, e, pending); err != nil {
			return false, err
		}
		if err := s.tellWitnesses(ctx); err != nil {
			return false, err
		}
		if err := s.Lease.Keep(ctx, s.tx, s.run.Name); err != nil {
			return false, err
		}
		s.point(PointSettling)
		return false, nil
	}
	return true, nil
}

func (s *settling) batch(ctx context.Context, e *entityRun, pending []crosswalk.Pending) error {
	waiters, err := s.waiters(ctx, e, pending)
	if err != nil {
		return err
	}
	if err := s.find(ctx, e, waiters); err != nil {
		return err
	}
	var lost, found []*waiter
	for _, w := range waiters {
		if w.why != nil {
			lost = append(lost, w)
		} else {
			found = append(found, w)
		}
	}
	if err := s.reject(ctx, lost); err != nil {
		return err
	}
	if err := s.fill(ctx, e, found); err != nil {
		return err
	}
	for _, e := range s.members {
		if err := e.store.Settled(ctx, s.tx, s.run.ID, s.rejected[e]); err != nil {
			return err
		}
		if err := s.ledger.Correct(ctx, s.tx, s.run.ID, e.stored.ID, s.Lease.Epoch, s.said[e]); err != nil {
			return fmt.Errorf("correcting the ledger: %w", err)
		}
		if s.shadow != nil {
			if err := s.shadow.correct(ctx, s.tx, e, s.said[e]); err != nil {
				return err
			}
		}
	}
	return nil
}

// waiters puts a record's references together with what is known of it.
func (s *settling) waiters(ctx context.Context, e *entityRun, pending []crosswalk.Pending) ([]*waiter, error) {
	var waiters []*waiter
	var keys []string
	for _, p := range pending {
		if len(keys) == 0 || keys[len(keys)-1] != p.SourceKey {
			keys = append(keys, p.SourceKey)
			waiters = append(waiters, &waiter{entityRun: e, ref: record.Ref{Entity: e.Name, Key: p.SourceKey}, number: p.RecordNo, was: p.Disposition})
		}
		w := waiters[len(waiters)-1]
		w.pending = append(w.pending, p)
	}
	entries, err := e.store.Lookup(ctx, s.tx, keys)
	if err != nil {
		return nil, err
	}
	for _, w := range waiters {
		w.entry = entries[w.ref.Key]
	}
	return waiters, s.look(ctx, e, waiters)
}

// look reads the rows of records and keeps them from changing.
func (s *settling) look(ctx context.Context, e *entityRun, waiters []*waiter) error {
	keys := make([][]record.Value, len(waiters))
	for i, w := range waiters {
		key, err := e.keyValues(w.entry.TargetKey)
		if err != nil {
			return err
		}
		keys[i] = key
	}
	rows, err := e.lander.Fetch(ctx, s.tx, keys, e.Columns, true)
	for i := range rows {
		waiters[i].row = rows[i]
		waiters[i].after = append([]record.Value(nil), rows[i]...)
	}
	return err
}

// find looks for the parents again, and says who has none.
func (s *settling) find(ctx context.Context, e *entityRun, waiters []*waiter) (err error) {
	asked := map[int64][]string{}
	for _, w := range waiters {
		for _, p := range w.pending {
			asked[p.ParentID] = append(asked[p.ParentID], p.ParentKey)
		}
	}
	known := map[int64]map[string]crosswalk.Row{}
	causes := map[int64]map[string]ledger.Cause{}
	for id, keys := range asked {
		var err error
		if known[id], err = s.member(id).store.Lookup(ctx, s.tx, keys); err != nil {
			return err
		}
		var missing []string
		for _, key := range keys {
			if row, found := known[id][key]; !found || !row.OnTarget() {
				missing = append(missing, key)
			}
		}
		if causes[id], err = s.ledger.LastCauses(ctx, s.tx, s.since, id, missing); err != nil {
			return err
		}
		if err = s.addUndone(ctx, s.tx, s.member(id).store, missing, causes[id]); err != nil {
			return err
		}
	}
	for _, w := range waiters {
		if w.row == nil {
			w.why = &record.Rejection{
				Ref: w.ref, Step: record.StepLand, Code: record.CodeMissing,
				Err: errors.New("the row was there and is gone from the target, before all it refers to had landed"),
			}
			continue
		}
		for _, p := range w.pending {
			parent := record.Ref{Entity: s.member(p.ParentID).Name, Key: p.ParentKey}
			place := columnPlace(e.Columns, p.Field)
			row, found := known[p.ParentID][p.ParentKey]
			switch {
			case found && row.OnTarget():
				value, misfit := referred(e.Columns[place], row.TargetKey)
				if misfit != nil {
					w.why = &record.Rejection{Ref: w.ref, Step: record.StepResolve, Field: p.Field, Code: misfit.Code, Err: fmt.Errorf("the key of %s in the target: %w", parent, misfit)}
					break
				}
				w.after[place] = value
				w.parents = append(w.parents, parent)
			case e.orphansStayEmpty(p.Field):
			default:
				var cause *ledger.Cause
				if last, failed := causes[p.ParentID][p.ParentKey]; failed {
					cause = &last
				}
				w.why = orphaned(w.ref, p.Field, parent, cause)
			}
		}
		if w.why, err = e.holdWaiter(w.ref, w.number, w.was, w.why); err != nil {
			return err
		}
	}
	return nil
}

func (e *entityRun) orphansStayEmpty(field string) bool {
	for _, ref := range e.Program.Refs {
		if ref.Field.Target == field {
			return ref.OnOrphan == mapping.OrphanNull
		}
	}
	return false
}
