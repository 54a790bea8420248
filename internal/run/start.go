package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// DriftError refuses to resume a run whose mapping, input or options are not
// what they were when it started.
type DriftError struct {
	Run     string
	Changes []string
	// Other says that mapping and input are the same, and only what is asked of
	// the run differs.
	Other bool
}

// Error says what changed and what can be done.
func (e *DriftError) Error() string {
	if e.Other {
		return fmt.Sprintf("run %s is not finished, and what is asked for is another run:\n  %s\nGo on with it by `landfall resume`, or end it by `landfall abandon %s`; what has landed stays known",
			e.Run, strings.Join(e.Changes, "\n  "), e.Run)
	}
	return fmt.Sprintf("run %s is not finished and cannot go on, since what it reads is not what it was:\n  %s\nPut that back and resume, or end the run with `landfall abandon %s` and run again: what has landed stays known",
		e.Run, strings.Join(e.Changes, "\n  "), e.Run)
}

// wants describes the run that is asked for, before anything is written.
func (r *runner) wants(ctx context.Context) (*ledger.Run, []ledger.Entity, error) {
	actor, host := HolderName()
	run := &ledger.Run{
		Migration: r.m.File.Name, Mode: string(r.o.Mode), Actor: actor, Host: host,
		MappingHash: r.m.File.Hash, Mapping: r.m.File.Describe(),
		Options: ledger.Options{
			Limit: r.o.Limit, Inputs: r.o.Inputs, Records: r.o.Records, Bytes: r.o.Bytes,
			Retry: r.o.Retry != "" || r.o.RetryOpen, Fingerprint: r.o.Fingerprint, Plan: r.o.PlanHash, PlanFile: r.o.PlanFile, Target: r.m.Target.Name, StartRows: r.o.StartRows,
		},
	}
	if r.o.StopAfter != nil {
		run.Options.StopAfter = r.o.StopAfter.String()
	}
	for _, ref := range r.o.Only {
		run.Options.Only = append(run.Options.Only, ref.String())
	}
	var entities []ledger.Entity
	for _, e := range r.m.Entities {
		r.tell(Event{Kind: EventLooking, Entity: e.Name, Message: "looking at " + e.OriginName, Total: -1, Percent: -1})
		entity, err := describeEntity(ctx, e)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		entities = append(entities, entity)
	}
	if err := r.refuseOperations(ctx, r.o.Mode, entities); err != nil {
		return nil, nil, err
	}
	return run, entities, r.refuseRepeats(ctx, entities)
}

func describeEntity(ctx context.Context, e *migration.Entity) (ledger.Entity, error) {
	entity := ledger.Entity{Name: e.Name, Origin: e.OriginName}
	for _, column := range e.Origin.Columns() {
		entity.Header = append(entity.Header, column.Name)
	}
	facts, err := e.Origin.Fingerprint(ctx)
	if err != nil {
		return entity, err
	}
	for _, fact := range facts {
		entity.Input = append(entity.Input, ledger.Fact(fact))
	}
	slices, err := e.Origin.Slices(ctx)
	if err != nil {
		return entity, err
	}
	for _, s := range slices {
		entity.Slices = append(entity.Slices, ledger.Slice{Number: s.Number, Name: s.Name, Count: s.Count, Bytes: s.Bytes})
	}
	return entity, nil
}

// startOrResume writes a new run, or finds that the newest one is unfinished
// and the same, and goes on with it.
func (r *runner) startOrResume(ctx context.Context, tx sqldb.Tx, wanted *ledger.Run, entities []ledger.Entity, mustResume bool) (resumed bool, err error) {
	runs, err := r.ledger.Runs(ctx, tx, wanted.Migration)
	if err != nil {
		return false, err
	}
	r.retriedMode(runs, wanted)
	if len(runs) > 0 && runs[0].State.Resumable() {
		before := runs[0]
		if before.Mode == ledger.ModeRollback {
			return false, &DriftError{Run: before.Name, Changes: []string{"it is a rollback"}, Other: true}
		}
		known, err := r.ledger.Entities(ctx, tx, before.ID)
		if err != nil {
			return false, err
		}
		if changes := inputDrift(before, wanted, known, entities); len(changes) > 0 {
			return false, &DriftError{Run: before.Name, Changes: changes}
		}
		if changes := askedDrift(before, wanted); len(changes) > 0 && !mustResume {
			return false, &DriftError{Run: before.Name, Changes: changes, Other: true}
		}
		if before.Options.Plan != r.o.PlanHash {
			return false, &guard.Refusal{Code: guard.CodePlan, Text: fmt.Sprintf("run %s is held to the plan %s, and this is held to %s: name that plan with --plan, or end the run by `landfall abandon %s`",
				before.Name, orNone(before.Options.Plan), orNone(r.o.PlanHash), before.Name)}
		}
		r.run, r.entities = before, known
		r.outdated = factsDrift(known, entities, true)
		return true, r.ledger.SetState(ctx, tx, before.ID, ledger.Running, "")
	}
	if mustResume {
		return false, ErrNothingToResume
	}
	if err := r.nameEntities(ctx, tx, wanted.Migration, entities); err != nil {
		return false, err
	}
	if err := r.checkFolds(ctx, tx, runs); err != nil {
		return false, err
	}
	if refusal := CarriedOut(runs, r.o.PlanHash); refusal != nil {
		return false, refusal
	}
	if err := r.pickRetried(runs, wanted); err != nil {
		return false, err
	}
	if target.Mode(wanted.Mode) != r.o.Mode {
		if err := r.refuseOperations(ctx, target.Mode(wanted.Mode), entities); err != nil {
			return false, err
		}
	}
	r.run, r.entities = wanted, entities
	if err := r.ledger.Start(ctx, tx, wanted, entities); err != nil {
		return false, err
	}
	return false, r.claimSpaces(ctx, tx)
}

// nameEntities finds the numbers by which the books know the entities; those
// that were renamed get their new name first.
func (r *runner) nameEntities(ctx context.Context, tx sqldb.Tx, migration string, entities []ledger.Entity) error {
	for _, e := range r.m.Entities {
		if e.RenamedFrom == "" {
			continue
		}
		err := crosswalk.Rename(ctx, tx, r.books, migration, e.RenamedFrom, e.Name)
		if errors.Is(err, crosswalk.ErrNameTaken) {
			return r.m.File.Problem(e.Position, fmt.Sprintf("%s: renamed_from: the books hold records of %s and of %s, so the one cannot become the other", e.Name, e.RenamedFrom, e.Name))
		}
		if err != nil {
			return err
		}
	}
	for i, e := range r.m.Entities {
		store, err := crosswalk.Open(ctx, tx, r.books, migration, e.Name, e.Table.Name.String())
		if err != nil {
			return err
		}
		entities[i].ID = store.EntityID
	}
	return nil
}

// pickRetried finds the run whose open records are to be run again.
func (r *runner) pickRetried(runs []*ledger.Run, wanted *ledger.Run) error {
	if !wanted.Options.Retry {
		return nil
	}
	for _, run := range runs {
		if run.Name == r.o.Retry {
			if run.Mode == ledger.ModeRollback {
				return fmt.Errorf("%w: %s is a rollback and read no records: what it kept, `landfall rollback` of the same run tries again", ErrUnknownRun, run.Name)
			}
			if !run.Reads() {
				return fmt.Errorf("%w: %s (%s) read no records that could be run again", ErrUnknownRun, run.Name, run.Mode)
			}
			r.warnUndone(run)
			wanted.ParentID = run.ID
			return nil
		}
	}
	if r.o.Retry != "" {
		return fmt.Errorf("%w: no run %s of migration %s in the books", ErrUnknownRun, r.o.Retry, wanted.Migration)
	}
	if len(runs) == 0 {
		return fmt.Errorf("%w: migration %s has not been run yet", ErrUnknownRun, wanted.Migration)
	}
	for _, run := range runs {
		if run.Kind() == ledger.KindAll {
			r.warnUndone(run)
			break
		}
	}
	return nil
}

// retriedMode lets a retry do no more than what it retries was allowed to: where
// records of a wave may be among them, it is a wave.
func (r *runner) retriedMode(runs []*ledger.Run, wanted *ledger.Run) {
	if !wanted.Options.Retry {
		return
	}
	if len(runs) > 0 && runs[0].State.Resumable() && runs[0].Options.Retry {
		wanted.Mode, wanted.Options.Fingerprint = runs[0].Mode, runs[0].Options.Fingerprint || wanted.Options.Fingerprint
		return
	}
	for _, run := range runs {
		if named := r.o.Retry == run.Name; run.Mode == string(target.InsertOnly) && (named || r.o.Retry == "") {
			wanted.Mode, wanted.Options.Fingerprint = run.Mode, r.m.API() == nil
			return
		}
		if r.o.Retry == "" && run.State.Ended() && run.Kind() == ledger.KindAll {
			return // older ones are not retried
		}
	}
}

// warnUndone says that a retry brings only the rejected records of a run that
// was rolled back, and not those that the rollback took from the target.
func (r *runner) warnUndone(run *ledger.Run) {
	if run.State != ledger.RolledBack && run.State != ledger.PartlyRolledBack {
		return
	}
	r.tell(Event{Kind: EventWarning, Message: fmt.Sprintf("run %s is %s: a retry reads only the records that it rejected, and not those that were reversed; `landfall run` reads all of them again", run.Name, run.State)})
}

// changeList collects what is not as it was.
type changeList []string

func (c *changeList) differs(what string, was, is any) {
	if fmt.Sprint(was) != fmt.Sprint(is) {
		*c = append(*c, fmt.Sprintf("%s: was %v, is %v", what, was, is))
	}
}

// askedDrift says what is asked otherwise than of the unfinished run. A resume
// takes all of it from the run itself.
func askedDrift(before, now *ledger.Run) changeList {
	var changes changeList
	changes.differs("mode", before.Mode, now.Mode)
	changes.differs("--plan", orNone(before.Options.Plan), orNone(now.Options.Plan))
	changes.differs("--only", before.Options.Only, now.Options.Only)
	changes.differs("--limit", before.Options.Limit, now.Options.Limit)
	changes.differs("--start-row-number", before.Options.StartRows, now.Options.StartRows)
	changes.differs("retry", before.Options.Retry, now.Options.Retry)
	changes.differs("--fingerprint", before.Options.Fingerprint, now.Options.Fingerprint)
	return changes
}

// inputDrift says, line by line, what of the mapping and its input is not as it
// was when the run started.
func inputDrift(before, now *ledger.Run, known, found []ledger.Entity) changeList {
	var changes changeList
	if before.MappingHash != now.MappingHash {
		changes = append(changes, mappingChanges(before.Mapping, now.Mapping)...)
	}
	if !maps.Equal(before.Options.Inputs, now.Options.Inputs) {
		changes.differs("--input", before.Options.Inputs, now.Options.Inputs)
	}
	changes.differs("target", before.Options.Target, now.Options.Target)
	return append(changes, factsDrift(known, found, false)...)
}

// factsDrift says by what the inputs of entities, of those that have ended or of
// the others, are not recognised any more.
func factsDrift(known, found []ledger.Entity, ended bool) changeList {
	var changes changeList
	for i := range known {
		at := slices.IndexFunc(found, func(e ledger.Entity) bool { return e.Name == known[i].Name })
		if at < 0 || known[i].Done != ended {
			continue // the mapping tells of entities that are gone
		}
		for _, fact := range known[i].Input {
			for _, other := range found[at].Input {
				if other.Name == fact.Name {
					changes.differs(fmt.Sprintf("input of %s (%s), %s", known[i].Name, known[i].Origin, fact.Name), fact.Value, other.Value)
				}
			}
		}
	}
	return changes
}

func mappingChanges(was, is []string) []string {
	changes := []string{}
	for _, line := range was {
		if !slices.Contains(is, line) {
			changes = append(changes, "mapping, was: "+line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			changes = append(changes, "mapping, is:  "+line)
		}
	}
	if len(changes) == 0 {
		changes = append(changes, "mapping: its meaning changed")
	}
	return changes
}

// sliceOf gives a stored slice back to the source that named it.
func sliceOf(s ledger.Slice) source.Slice {
	return source.Slice{Number: s.Number, Name: s.Name, Count: s.Count, Bytes: s.Bytes}
}

// refsOf parses the Refs that the books keep of a run's --only.
func refsOf(texts []string) []record.Ref {
	var refs []record.Ref
	for _, text := range texts {
		if ref, ok := record.ParseRef(text); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

// CarriedOut refuses a plan, by its hash, that one of a migration's runs has
// carried out.
func CarriedOut(runs []*ledger.Run, plan string) *guard.Refusal {
	for _, earlier := range runs {
		if plan != "" && earlier.Options.Plan == plan && earlier.State == ledger.Completed {
			return &guard.Refusal{Code: guard.CodePlan, Text: fmt.Sprintf("run %s has carried this plan out: plan again", earlier.Name)}
		}
	}
	return nil
}
