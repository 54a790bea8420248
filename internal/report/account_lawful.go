package report

import (
	"slices"
	"strings"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/proof"
	"landfall/internal/verdict"
)

// wellBefore reports whether something was over when the report was made. A
// stamp is taken before its transaction is seen, for which a second is granted.
func wellBefore(stamp, madeAt string) bool {
	at, err := time.Parse(stampLayout, stamp)
	if err != nil {
		return false
	}
	made, err := time.Parse(stampLayout, madeAt)
	return err == nil && at.Add(time.Second).Before(made)
}

// rename calls entities as the report does where a later run renamed them: that
// run's mapping must say so.
func (a *Account) rename(said *Account, runs []*ledger.Run, run *ledger.Run) {
	old := map[string]string{}
	learn := func(now, was string) {
		if now != was && renamedSince(runs, run, was, now) {
			old[now] = was
		}
	}
	for i := range min(len(a.Entities), len(said.Entities)) {
		learn(a.Entities[i].Name, said.Entities[i].Name)
	}
	compared := func(now, was *AccountReconciliation) {
		for i := range min(len(now.Entities), len(was.Entities)) {
			learn(now.Entities[i].Name, was.Entities[i].Name)
		}
	}
	if a.Reconciliation != nil && said.Reconciliation != nil {
		compared(a.Reconciliation, said.Reconciliation)
	}
	for i := range min(len(a.Others), len(said.Others)) {
		compared(&a.Others[i], &said.Others[i])
	}
	if len(old) > 0 {
		a.nameAs(old)
		// Rejections of one count go by the names of their entities.
		slices.SortStableFunc(a.Rejections, byReason)
		said.Rejections = slices.SortedStableFunc(slices.Values(said.Rejections), byReason)
	}
}

func byReason(a, b Reason) int {
	text := func(r Reason) string {
		return strings.Join([]string{r.Entity, string(r.Step), r.Field, string(r.Code)}, "\x00")
	}
	return strings.Compare(text(a), text(b))
}

// renamedSince follows an entity's names through the mappings of later runs.
func renamedSince(runs []*ledger.Run, run *ledger.Run, was, now string) bool {
	names := map[string]bool{was: true}
	for i := len(runs) - 1; i >= 0; i-- {
		if runs[i].ID <= run.ID {
			continue
		}
		for _, line := range runs[i].Mapping {
			if entity, from, says := strings.Cut(line, ".renamed_from: "); says && names[from] {
				names[entity] = true
			}
		}
	}
	return names[now]
}

func (a *Account) nameAs(old map[string]string) {
	name := func(text *string) {
		if was, renamed := old[*text]; renamed {
			*text = was
		}
	}
	ref := func(text *string) {
		// Refs are ENTITY:KEY, or name a record without a key.
		if end := strings.IndexAny(*text, ": "); end > 0 {
			if was, renamed := old[(*text)[:end]]; renamed {
				*text = was + (*text)[end:]
			}
		}
	}
	for i := range a.Entities {
		name(&a.Entities[i].Name)
	}
	for i := range a.Rejections {
		name(&a.Rejections[i].Entity)
		for j := range a.Rejections[i].Examples {
			ref(&a.Rejections[i].Examples[j].Ref)
		}
	}
	for i := range a.Totals {
		name(&a.Totals[i].Entity)
	}
	for i := range a.Fingerprints {
		name(&a.Fingerprints[i].Entity)
	}
	if a.Pace != nil {
		for i := range a.Pace.Entities {
			name(&a.Pace.Entities[i].Name)
		}
	}
	compared := func(r *AccountReconciliation) {
		for i := range r.Entities {
			name(&r.Entities[i].Name)
		}
		for i := range r.Examples {
			name(&r.Examples[i].Entity)
			ref(&r.Examples[i].Ref)
		}
	}
	if a.Reconciliation != nil {
		compared(a.Reconciliation)
	}
	for i := range a.Others {
		compared(&a.Others[i])
	}
}

// wentOn reports whether a run that had not ended was carried on since.
func wentOn(run *ledger.Run, said, now *Account) bool {
	batches := func(a *Account) (n int64) {
		for i := range a.Entities {
			for _, slice := range a.Entities[i].Slices {
				n += slice.Batches
			}
		}
		return n
	}
	return run.State != said.Run.State || run.EndedAt != said.Run.EndedAt || batches(now) > batches(said)
}

// grown takes over from the report what grows until a run ends, where it has not
// become less.
func (a *Account) grown(run *ledger.Run, said *Account) {
	a.Rejections, a.OtherRejections, a.Totals, a.Fingerprints, a.Pace = said.Rejections, said.OtherRejections, said.Totals, said.Fingerprints, said.Pace
	a.Run.Milliseconds = said.Run.Milliseconds
	if said.Run.Seal == "" {
		a.Run.Seal = ""
	}
	for i := range min(len(a.Entities), len(said.Entities)) {
		now, was := &a.Entities[i], &said.Entities[i]
		if was.Read > now.Read || was.Name != now.Name {
			continue
		}
		now.Done = now.Done && was.Done
		now.Table, now.Read, now.Counts, now.Adopted, now.Linked = was.Table, was.Read, was.Counts, was.Adopted, was.Linked
		now.SourceCount = was.SourceCount
		now.Balance = balance(run, was)
		for s := range now.Slices {
			slice := &now.Slices[s]
			at := slices.IndexFunc(was.Slices, func(told AccountSlice) bool { return told.Name == slice.Name })
			if at < 0 {
				continue
			}
			told := was.Slices[at]
			if told.Read <= slice.Read && told.Batches <= slice.Batches && told.LastAt <= slice.LastAt {
				slice.Read, slice.Batches, slice.LastAt = told.Read, told.Batches, told.LastAt
			}
			if told.Seal == "" {
				slice.Seal = ""
			}
		}
		// A rollback adds its slices one by one.
		if len(now.Slices) > len(was.Slices) {
			now.Slices = now.Slices[:len(was.Slices)]
		}
	}
}

// followed leaves out the runs that went back to this one after the report was
// made, and takes over what changed of those that had not ended.
func (a *Account) followed(said *Account) {
	newest := int64(0)
	if said.Books != nil {
		newest = said.Books.Bounds.Newest
	}
	a.Followers = slices.DeleteFunc(a.Followers, func(f AccountFollower) bool {
		told := slices.ContainsFunc(said.Followers, func(s AccountFollower) bool { return s.Name == f.Name })
		return !told && f.id > newest && !wellBefore(f.endedAt, said.MadeAt)
	})
	for i := range min(len(a.Followers), len(said.Followers)) {
		now, was := &a.Followers[i], &said.Followers[i]
		undone := now.State == ledger.RolledBack || now.State == ledger.PartlyRolledBack
		switch {
		case now.Name != was.Name:
		case !proof.Final(was.State) && !wellBefore(now.endedAt, said.MadeAt):
			now.State, now.Counts = was.State, was.Counts
		case undone && proof.Final(was.State):
			// A rollback turns no more than the state, and what may be turned is
			// checked where that run is verified.
			now.State = was.State
		}
	}
	if len(a.Followers) == 0 {
		a.Followers = nil
	}
}

// tellsOf reports whether the report told of a reconciliation, or could have.
func (a *Account) tellsOf(name, startedAt, endedAt string) bool {
	if a.toldReconciliation(name) != nil {
		return true
	}
	if endedAt == "" {
		endedAt = startedAt
	}
	return wellBefore(endedAt, a.MadeAt)
}

func (a *Account) toldReconciliation(name string) *AccountReconciliation {
	if a.Reconciliation != nil && a.Reconciliation.Name == name {
		return a.Reconciliation
	}
	for i := range a.Others {
		if a.Others[i].Name == name {
			return &a.Others[i]
		}
	}
	return nil
}

// unfinishedComparison is what the report told of a reconciliation that it said
// had not come to its end, when that may have been so. Who made it, and over
// what, stays as the books say.
func (a *Account) unfinishedComparison(r *verdict.Reconciliation) *AccountReconciliation {
	if a == nil {
		return nil
	}
	told := a.toldReconciliation(r.Name)
	if told == nil || !verdict.State(told.State).Resumable() || r.State == verdict.Completed && wellBefore(r.EndedAt, a.MadeAt) {
		return nil
	}
	was := *told
	was.Actor, was.Host, was.StartedAt, was.Bounds = r.Actor, r.Host, r.StartedAt, r.Options.Bounds()
	return &was
}
