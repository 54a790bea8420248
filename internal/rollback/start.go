package rollback

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/connector/table"
	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// RefusedError says why a run cannot be rolled back, and what to do.
type RefusedError struct{ why string }

// Error is the reason.
func (e *RefusedError) Error() string { return e.why }

func refusedf(format string, args ...any) error {
	return &RefusedError{fmt.Sprintf(format, args...)}
}

// startOrResume writes a new rollback, or finds that the newest run is an
// unfinished rollback of the same run and goes on with it.
func (r *runner) startOrResume(ctx context.Context, tx sqldb.Tx, mustResume bool) error {
	runs, err := r.ledger.Runs(ctx, tx, r.end.File.Name)
	if err != nil {
		return err
	}
	var unfinished *ledger.Run
	if len(runs) > 0 && runs[0].State.Resumable() {
		unfinished = runs[0]
	}
	if mustResume {
		if unfinished == nil || unfinished.Mode != ledger.ModeRollback {
			return run.ErrNothingToResume
		}
		if err := r.find(runs, "", unfinished.ParentID); err != nil {
			return err
		}
		return r.goOn(ctx, tx, unfinished)
	}
	if err := r.find(runs, r.o.Run, 0); err != nil {
		return err
	}
	switch {
	case unfinished == nil:
		return r.start(ctx, tx)
	case unfinished.ID == r.undone.ID:
		return refusedf("run %s is not finished: end it with `landfall abandon %[1]s`, then roll it back", unfinished.Name)
	case unfinished.ParentID == r.undone.ID && unfinished.Mode == ledger.ModeRollback:
		wanted := r.wants()
		if !slices.Equal(unfinished.Options.Only, wanted.Options.Only) || unfinished.Options.ThroughTriggers != wanted.Options.ThroughTriggers {
			return refusedf("rollback %s of %s is not finished, and what is asked for is another one: go on with it by `landfall resume`, or end it by `landfall abandon %[1]s`", unfinished.Name, r.undone.Name)
		}
		return r.goOn(ctx, tx, unfinished)
	}
	return refusedf("run %s is not finished: go on with it by `landfall resume`, or end it by `landfall abandon %[1]s`, before %s is rolled back", unfinished.Name, r.undone.Name)
}

// find finds the run to undo, by its name or its number, and the loads after it.
func (r *runner) find(runs []*ledger.Run, name string, id int64) error {
	r.later, r.before, r.rollbacks, r.attempts = nil, false, nil, map[int64][]*ledger.Run{}
	for _, known := range runs { // newest first
		if known.Name == name || known.ID == id {
			r.undone = known
			break
		}
		switch {
		case known.Reads():
			r.later = append(r.later, known)
		case known.Mode == ledger.ModeRollback && known.State == ledger.Completed:
			r.attempts[known.ParentID] = append(r.attempts[known.ParentID], known)
		}
	}
	if r.undone == nil {
		return fmt.Errorf("%w: no run %s of migration %s in the books", run.ErrUnknownRun, name, r.end.File.Name)
	}
	slices.Reverse(r.later)
	for _, known := range runs {
		if known.Mode == ledger.ModeRollback && known.ParentID == r.undone.ID {
			r.before, r.rollbacks = true, append(r.rollbacks, known.ID)
		}
	}
	if r.undone.Mode == ledger.ModeRollback {
		return refusedf("%s is a rollback itself: what it undid is made again by `landfall run`", r.undone.Name)
	}
	if r.undone.Mode == ledger.ModeRestore {
		return refusedf("%s is a restore: it only brought back what the crosswalk had known; roll back the runs that made the rows", r.undone.Name)
	}
	return nil
}

// wants describes the rollback that is asked for.
func (r *runner) wants() *ledger.Run {
	actor, host := run.HolderName()
	wanted := &ledger.Run{
		Migration: r.end.File.Name, Mode: ledger.ModeRollback, ParentID: r.undone.ID, Actor: actor, Host: host,
		MappingHash: r.end.File.Hash, Mapping: r.end.File.Describe(),
		Options: ledger.Options{
			Records: r.undone.Options.Records, Bytes: r.undone.Options.Bytes, Target: r.end.Target.Name, ThroughTriggers: r.o.ThroughTriggers,
		},
	}
	for _, ref := range r.o.Only {
		wanted.Options.Only = append(wanted.Options.Only, ref.String())
	}
	return wanted
}

// start writes the rollback with its entities, in the order of undoing, and
// their slices, which are those of the run.
func (r *runner) start(ctx context.Context, tx sqldb.Tx) error {
	if err := r.open(ctx, tx); err != nil {
		return err
	}
	for _, e := range r.entities {
		if err := r.sameTable(ctx, tx, e); err != nil {
			return err
		}
	}
	entities := make([]ledger.Entity, len(r.entities))
	for i, e := range r.entities {
		entities[i] = ledger.Entity{ID: e.done.ID, Name: e.done.Name, Origin: r.undone.Name}
		for _, slice := range e.done.Slices {
			entities[i].Slices = append(entities[i].Slices, ledger.Slice{Number: slice.Number, Name: slice.Name, Count: -1})
		}
	}
	r.run, r.resumed = r.wants(), false
	for _, e := range r.entities {
		unjudged, err := e.unjudged(ctx, tx)
		if err != nil {
			return fmt.Errorf("%s: looking for what cannot be judged: %w", e.done.Name, err)
		}
		r.run.Options.Unjudged = append(r.run.Options.Unjudged, unjudged...)
	}
	if err := r.ledger.Start(ctx, tx, r.run, entities); err != nil {
		return err
	}
	return r.place(entities)
}

// sameTable refuses to undo in another table than the one where records landed.
func (r *runner) sameTable(ctx context.Context, tx sqldb.Tx, e *entityUndo) error {
	row, found, err := r.books.One(ctx, tx, `SELECT t.name FROM {crosswalk} c JOIN {target_table} t ON t.id = c.table_id
  WHERE c.entity_id = ? AND c.last_run = ? AND c.table_id <> ? LIMIT 1`, e.store.EntityID, r.undone.ID, e.store.TableID)
	if err != nil || !found {
		return err
	}
	return refusedf("%s landed in %s, and the mapping now says %s: put that back to roll %s back", e.done.Name, row[0].String(), e.Table.Name, r.undone.Name)
}

// goOn takes up an unfinished rollback with the options that it was started
// with.
func (r *runner) goOn(ctx context.Context, tx sqldb.Tx, unfinished *ledger.Run) error {
	if unfinished.Options.Target != r.end.Target.Name {
		return refusedf("rollback %s works on the connection %s, not %s: name it with --target", unfinished.Name, unfinished.Options.Target, r.end.Target.Name)
	}
	if err := r.open(ctx, tx); err != nil {
		return err
	}
	entities, err := r.ledger.Entities(ctx, tx, unfinished.ID)
	if err != nil {
		return err
	}
	r.run, r.resumed = unfinished, true
	r.o.ThroughTriggers = unfinished.Options.ThroughTriggers
	if err := r.place(entities); err != nil {
		return err
	}
	return r.ledger.SetState(ctx, tx, unfinished.ID, ledger.Running, "")
}

// open opens the entities of the run, as far as their target goes, in the order
// of undoing.
func (r *runner) open(ctx context.Context, tx sqldb.Tx) error {
	done, err := r.ledger.Entities(ctx, tx, r.undone.ID)
	if err != nil {
		return err
	}
	r.entities = nil
	mapped := &mapped{runner: r, tables: map[string]*sqldb.Table{}}
	for i := range done {
		found, err := r.end.Entity(ctx, done[i].Name)
		if err != nil {
			return err
		}
		if found == nil {
			return refusedf("run %s carried %s, which the mapping does not know any more: put the entity back to roll the run back", r.undone.Name, done[i].Name)
		}
		e := &entityUndo{runner: r, TargetEntity: found, done: done[i], counts: ledger.Counts{}, shapes: map[shapeID]*shape{}}
		e.lander = table.NewLander(r.books.Dialect(), found.Table, found.Key)
		// The books may know the entity by the name it had.
		if e.store, err = crosswalk.Open(ctx, tx, r.books, r.end.File.Name, done[i].Name, found.Table.Name.String()); err != nil {
			return err
		}
		if found.Remote == nil { // else the books' database may have tables of the same names
			if e.refs, err = sqldb.ReferencesTo(ctx, r.end.Looker(), found.Table.Name); err != nil {
				return err
			}
		}
		undeclared, err := mapped.referencesTo(ctx, found.Table.Name, e.refs)
		if err != nil {
			return err
		}
		e.refs = append(e.refs, undeclared...)
		r.entities = append(r.entities, e)
	}
	var inOrder []*entityUndo
	for _, group := range groupsOf(r.entities) {
		inOrder = append(inOrder, group.members...)
	}
	r.entities = inOrder
	return nil
}

// place puts the entities beside their parts in the rollback.
func (r *runner) place(stored []ledger.Entity) error {
	r.only = nil
	for _, text := range r.run.Options.Only {
		if ref, ok := record.ParseRef(text); ok {
			if r.only == nil {
				r.only = map[record.Ref]bool{}
			}
			r.only[ref] = false
		}
	}
	for _, e := range r.entities {
		at := slices.IndexFunc(stored, func(s ledger.Entity) bool { return s.ID == e.done.ID })
		if at < 0 {
			return fmt.Errorf("rollback %s does not carry %s", r.run.Name, e.done.Name)
		}
		e.stored = &stored[at]
	}
	return nil
}
