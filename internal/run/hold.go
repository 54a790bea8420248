package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"landfall/internal/dedupe"
	"landfall/internal/guard"
	"landfall/internal/record"
	"landfall/internal/target"
)

// Planned is what was foreseen of a run that is held to it.
type Planned interface {
	// Open begins with an entity's records, which come in the order of reading.
	Open(entity string) (PlannedRecords, error)
}

// PlannedRecords yields what was foreseen of records one after another, and
// io.EOF when there is none left. A forecast is its reader's own.
type PlannedRecords interface {
	Next() (*Forecast, error)
	Close() error
}

// laterBytes bounds the memory of what is planned to change once references are
// filled in; beyond it, it spills.
const laterBytes = 4 << 20

// openPlan begins with what was foreseen of the entity's records.
func (f *feed) openPlan() (err error) {
	if f.o.Plan == nil {
		return nil
	}
	f.changing = dedupe.NewSeen(f.spill, laterBytes)
	f.planned, err = f.o.Plan.Open(f.Name)
	return err
}

func (f *feed) closePlan() error {
	if f.planned == nil {
		return nil
	}
	return f.planned.Close()
}

// nextPlanned finds what was foreseen of the record that was read. One whose
// place or key is another ends the session: from there on nothing fits. One
// whose content is another is rejected.
func (f *feed) nextPlanned(slice int, rec *record.Record) (*Forecast, *record.Rejection, error) {
	if f.planned == nil {
		return nil, nil, nil
	}
	want, err := f.planned.Next()
	if errors.Is(err, io.EOF) {
		return nil, nil, sourceMoved(rec, "the plan knows no such record")
	}
	if err != nil {
		return nil, nil, err
	}
	if want.Ref != rec.Ref || want.Slice != slice || want.Number != rec.Number {
		return nil, nil, sourceMoved(rec, fmt.Sprintf("the plan has %s there", want.Ref))
	}
	if want.First != nil {
		if _, _, err := f.changing.Claim([]byte(rec.Ref.Key), encodeEnd(&want.End), rec.Number); err != nil {
			return nil, nil, err
		}
	}
	if want.Content != contentHash(&f.content, rec) {
		return want, &record.Rejection{
			Ref: rec.Ref, Step: record.StepRead, Code: record.CodePlanDrift,
			Err: fmt.Errorf("planned: %s; the source's record is another since: plan again", want.End.words()),
		}, nil
	}
	return want, nil, nil
}

// endPlanned makes sure that the source had every record that was foreseen.
func (f *feed) endPlanned() error {
	if f.planned == nil {
		return nil
	}
	want, err := f.planned.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return &guard.Refusal{Code: guard.CodePlan, Text: fmt.Sprintf("the source moved since it was planned: it does not hold %s any more; what has landed is as planned. Put it back and resume, or abandon the run and plan again", want.Ref)}
}

func sourceMoved(rec *record.Record, how string) error {
	at := ""
	if rec.Line > 0 {
		at = fmt.Sprintf(" (line %d)", rec.Line)
	}
	return &guard.Refusal{Code: guard.CodePlan, Text: fmt.Sprintf("the source moved since it was planned: %s%s: %s; what has landed is as planned. Put it back and resume, or abandon the run and plan again", rec.Ref, at, how)}
}

// words are an end as people read it.
func (e *End) words() string {
	text := string(e.Disposition)
	if e.Code != "" {
		text += ", " + string(e.Code)
	}
	if e.Field != "" {
		text += " in " + e.Field
	}
	return text
}

func encodeEnd(e *End) string { return string(e.Disposition) + " " + string(e.Code) }

func decodeEnd(text string) *End {
	disposition, code, _ := strings.Cut(text, " ")
	return &End{Disposition: record.Disposition(disposition), Code: record.Code(code)}
}

// plannedEnd is what was foreseen of record i when its batch lands; nil where the
// run is held to no plan.
func (l *landing) plannedEnd(i int) *End {
	if l.batch.planned == nil {
		return nil
	}
	want := l.batch.planned[i]
	if want.First != nil {
		return want.First
	}
	return &want.End
}

// drift rejects a record that is not what was foreseen of it.
func (l *landing) drift(i int, want *End, found, why string) *record.Rejection {
	rejection := &record.Rejection{Ref: l.batch.Items[i].Ref, Step: record.StepDecide, Code: record.CodePlanDrift}
	if why != "" {
		why = ": " + why
	}
	rejection.Err = fmt.Errorf("planned: %s; found: %s%s. Nothing is written; plan again", want.words(), found, why)
	return rejection
}

// holdToPlan rejects, before anything is written, records that are decided upon
// otherwise than was foreseen. What the target was foreseen to refuse, the
// target itself has to refuse.
func (l *landing) holdToPlan(ctx context.Context) error {
	if l.batch.planned == nil {
		return nil
	}
	for moved := true; moved; {
		moved = false
		l.each(func(i int, u *unit) *record.Rejection {
			want, found := l.plannedEnd(i), u.end()
			if want.Step == record.StepLand && want.Disposition == record.Failed && writes(u.action) || want.Disposition == record.Blocked && l.followsWithin(u) {
				return nil
			}
			var rejection *record.Rejection
			seen := l.batch.planned[i]
			switch {
			case found.Disposition != want.Disposition:
				rejection = l.drift(i, want, found.words(), "")
			case seen.HasSeen && u.before != nil && l.hasher.Sum(u.before) != seen.Seen:
				rejection = l.drift(i, want, found.words(), "of a row of the target that is not what it was when it was planned")
			case !found.Disposition.NeedsRetry() && len(seen.Footing) > 0:
				if field, why, other := l.onOtherFooting(i, u, seen.Footing); other {
					rejection = l.drift(i, want, found.words(), why)
					rejection.Field = field
				}
			}
			moved = moved || rejection != nil
			return rejection
		})
		if moved {
			l.fillIn()
			if err := l.collapse(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// followsWithin reports whether a record refers to one of its batch that goes on
// and was foreseen not to land: the target has not had its word on that one yet.
func (l *landing) followsWithin(u *unit) bool {
	for _, within := range u.within {
		if l.units[within.parent].rejection == nil && l.plannedEnd(within.parent).Disposition.NeedsRetry() {
			return true
		}
	}
	return false
}

func writes(action target.Action) bool {
	return action == target.Create || action == target.Update || action == target.Adopt
}

const planSavepoint = "landfall_plan"

// writeHeld writes the batch. In a run that is held to a plan, what the target
// takes although it was foreseen to refuse it goes back, and the rest is written
// anew.
func (l *landing) writeHeld(ctx context.Context, careful bool) (refused bool, err error) {
	write := l.writeAll
	if l.makesKeys() {
		write = l.writeKeyed
	}
	if l.batch.planned == nil {
		return write(ctx, careful)
	}
	for {
		if _, err := l.tx.Exec(ctx, "SAVEPOINT "+planSavepoint); err != nil {
			return false, err
		}
		before := make([]*record.Rejection, len(l.units))
		for i := range l.units {
			before[i] = l.units[i].rejection
		}
		now, err := write(ctx, careful)
		if err != nil {
			return false, err
		}
		refused = refused || now
		taken := l.takenAgainstPlan()
		if len(taken) == 0 {
			if _, err := l.tx.Exec(ctx, "RELEASE SAVEPOINT "+planSavepoint); err != nil {
				return false, err
			}
			break
		}
		if _, err := l.tx.Exec(ctx, "ROLLBACK TO SAVEPOINT "+planSavepoint); err != nil {
			return false, err
		}
		if w, measures := l.rows.(watched); measures {
			w.seen().forget()
		}
		for i := range l.units {
			u := &l.units[i]
			found := u.end()
			u.rejection = before[i]
			if taken[i] {
				u.rejection = l.drift(i, l.plannedEnd(i), found.words(), "")
			}
		}
		l.fillIn()
		if err := l.collapse(ctx); err != nil {
			return false, err
		}
		careful = true
	}
	l.heldAll()
	return refused, nil
}

// heldAll says of records that were rejected, though that was not foreseen, that
// something moved.
func (l *landing) heldAll() {
	if l.batch.planned == nil {
		return
	}
	for i := range l.units {
		u := &l.units[i]
		if u.rejection != nil && !u.rejection.Unknown && u.rejection.Code != record.CodePartial {
			u.rejection = heldRejection(u.rejection, l.plannedEnd(i))
		}
	}
}

// takenAgainstPlan are the records that were written and were foreseen not to be,
// without those that only follow another one of them.
func (l *landing) takenAgainstPlan() map[int]bool {
	all, roots := map[int]bool{}, map[int]bool{}
	l.each(func(i int, u *unit) *record.Rejection {
		if want := l.plannedEnd(i); want.Disposition.NeedsRetry() {
			all[i] = true
			if want.Disposition != record.Blocked || !l.followsWithin(u) {
				roots[i] = true
			}
		}
		return nil
	})
	if len(roots) == 0 {
		return all
	}
	return roots
}

// heldRejection is a rejection as a plan sees it: one that was not foreseen says
// so. A record that is blocked keeps the cause that it names: it is sound, and
// what it refers to moved.
func heldRejection(found *record.Rejection, want *End) *record.Rejection {
	same := want.Disposition == record.Failed && want.Code == found.Code
	if found.Blocked || same || found.Code == record.CodePlanDrift || want.Disposition == record.Blocked {
		return found
	}
	end := End{Disposition: found.Disposition(), Code: found.Code, Field: found.Field}
	return &record.Rejection{
		Ref: found.Ref, Step: found.Step, Field: found.Field, Code: record.CodePlanDrift,
		Err: fmt.Errorf("planned: %s; found: %s (%s). Nothing is written; plan again", want.words(), end.words(), found.Message()),
	}
}

// holdWaiter holds a record that waited for its parents to what was foreseen of
// it: why is the rejection found for it, or nil.
func (e *entityRun) holdWaiter(ref record.Ref, number int64, was record.Disposition, why *record.Rejection) (*record.Rejection, error) {
	if e.o.Plan == nil || e.changing == nil {
		return why, nil
	}
	want := &End{Disposition: was}
	known, err := e.changing.Has([]byte(ref.Key))
	if err != nil {
		return nil, err
	}
	if known {
		first, _, err := e.changing.Claim([]byte(ref.Key), "", number)
		if err != nil {
			return nil, err
		}
		want = decodeEnd(first.Key)
	}
	switch {
	case why != nil:
		return heldRejection(why, want), nil
	case want.Disposition.NeedsRetry():
		return &record.Rejection{
			Ref: ref, Step: record.StepResolve, Code: record.CodePlanDrift,
			Err: fmt.Errorf("planned: %s; found: all that it refers to is there. What was written is taken back; plan again", want.words()),
		}, nil
	}
	return nil, nil
}
