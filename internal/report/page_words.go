package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/verdict"
)

func title(a *Account) string {
	if a.Undoes() {
		return "Report of a rollback"
	}
	return "Report of a migration run"
}

// verdictOf is the first thing that a reader wants to know.
func verdictOf(a *Account) mark {
	open := a.Open()
	switch a.Run.State {
	case ledger.Completed:
		switch {
		case a.Undoes() && open > 0:
			return mild("Completed. %s could not be undone; all others were.", records(open))
		case a.Undoes():
			return good("Completed. All that %s did is undone.", a.Run.Parent)
		case open > 0:
			return mild("Completed. %s did not land; every other one landed or was settled.", records(open))
		}
		return good("Completed. Every record landed or was settled.")
	case ledger.Running:
		return mild("Still running, or broken off without a word, when this report was made.")
	case ledger.Interrupted:
		return mild("Interrupted; it can be resumed.")
	case ledger.Broken:
		return bad("Broke off and can be resumed: %s", a.Run.Error)
	case ledger.Unreconciled:
		return bad("Failed its reconciliation: %s", a.Run.Error)
	case ledger.Abandoned:
		return bad("Abandoned; what landed before stays.")
	case ledger.RolledBack:
		return mild("Rolled back: all that it did is undone.")
	case ledger.PartlyRolledBack:
		return mild("Rolled back in part: what could be undone is.")
	}
	return mild("The run is %s.", a.Run.State)
}

type figure struct{ Name, Value, Note string }

func figures(a *Account) []figure {
	read, open := a.Read(), a.Open()
	names := [3]string{"records read", "landed or settled", "did not land"}
	if a.Undoes() {
		names = [3]string{"records touched", "reversed", "not reversed"}
	}
	out := []figure{
		{names[0], grouped(read), "of " + words(len(partsShown(a)), "entity")},
		{names[1], grouped(read - open), percent(read-open, read)},
		{names[2], grouped(open), percent(open, read)},
	}
	if a.Run.Milliseconds > 0 {
		out = append(out, figure{"time", durationText(a.Run.Milliseconds), perSecond(read, a.Run.Milliseconds) + " records a second"})
	}
	return out
}

// checks are what the report can vouch for.
func checks(a *Account) []mark {
	var out []mark
	broken, unfinished := 0, 0
	for i := range a.Entities {
		switch a.Entities[i].Balance {
		case balanceHolds:
		case balanceOpen:
			unfinished++
		default:
			broken++
		}
	}
	switch {
	case broken > 0:
		out = append(out, bad("The numbers of %s do not add up", words(broken, "entity")))
	case unfinished > 0:
		out = append(out, idle("%s not ended yet", wordsAre(unfinished, "entity")))
	default:
		out = append(out, good("Every record %s has exactly one end", touchedWord(a)))
	}
	if a.Run.Seal != "" {
		out = append(out, good("Sealed, %s…", a.Run.Seal[:16]))
	} else {
		out = append(out, idle("Not sealed: only a completed run is"))
	}
	if n := len(a.Fingerprints); n > 0 {
		held := 0
		for _, f := range a.Fingerprints {
			if f.Held || f.Open {
				held++
			}
		}
		if held == n {
			out = append(out, good("All rows beside the run's own are as they were"))
		} else {
			out = append(out, bad("Rows beside the run's own changed in %s", words(n-held, "entity")))
		}
	}
	if r := a.Reconciliation; r != nil {
		out = append(out, reconciliationMark(r))
	}
	for i := range a.Others {
		out = append(out, reconciliationMark(&a.Others[i]))
	}
	for _, f := range a.Followers {
		if f.Over == ledger.KindRollback {
			out = append(out, mild("Undone by %s: %s", f.Name, countsWords(f.Counts)))
		}
	}
	return out
}

// facts are what ran, by whom, where and when.
func facts(a *Account) []figure {
	r := &a.Run
	out := []figure{{"migration", r.Migration, ""}, {"mode", r.Mode, ""}, {"records", overWords(r), ""}}
	add := func(name, value string) {
		if value != "" {
			out = append(out, figure{name, value, ""})
		}
	}
	if r.Over == ledger.KindRollback {
		add("undoes", r.Parent)
	} else {
		add("retries", r.Parent)
	}
	for _, entity := range slices.Sorted(maps.Keys(r.Inputs)) {
		add("input of "+entity, r.Inputs[entity])
	}
	add("by", r.Actor+"@"+r.Host)
	add("into", r.Target)
	add("started", momentText(r.StartedAt))
	add("ended", momentText(r.EndedAt))
	add("error", r.Error)
	add("batches", fmt.Sprintf("at most %s records or %s bytes", grouped(int64(r.BatchRecords)), grouped(int64(r.BatchBytes))))
	add("mapping hash", r.MappingHash)
	add("seal", r.Seal)
	return out
}

func overWords(r *AccountRun) string {
	switch r.Over {
	case ledger.KindAll:
		return "all"
	case ledger.KindOnly:
		text := "only " + strings.Join(r.Only, ", ")
		if r.OnlyMore > 0 {
			text += fmt.Sprintf(" and %d more", r.OnlyMore)
		}
		return text
	case ledger.KindLimit:
		return fmt.Sprintf("the first %s of each entity", grouped(r.Limit))
	case ledger.KindInput:
		return "all, with other files in place of inputs"
	case ledger.KindRetry:
		return "those that had not landed"
	case ledger.KindRollback:
		return "what " + r.Parent + " wrote"
	case ledger.KindBackup:
		return "entries of a backup that the crosswalk did not have"
	case ledger.KindEntries:
		return "entries that another tool made"
	}
	return r.Over
}

// shownEnds leaves out the dispositions that no record has, but always shows
// what was created and what failed in a run that creates.
func shownEnds(a *Account) []record.Disposition {
	var shown []record.Disposition
	for _, disposition := range record.Dispositions {
		if sumOf(a, disposition) != 0 {
			shown = append(shown, disposition)
		}
	}
	if len(shown) == 0 {
		return []record.Disposition{record.Created, record.Failed}
	}
	return shown
}

func sumOf(a *Account, d record.Disposition) int64 {
	n := int64(0)
	for i := range a.Entities {
		n += a.Entities[i].Counts[d]
	}
	return n
}

func rolesOf(a *Account) []string {
	adopted, linked := int64(0), int64(0)
	for i := range a.Entities {
		adopted += a.Entities[i].Adopted
		linked += a.Entities[i].Linked
	}
	var out []string
	if adopted > 0 {
		out = append(out, grouped(adopted)+" adopted: the row was there and is updated from now on")
	}
	if linked > 0 {
		out = append(out, grouped(linked)+" linked: the row was there and is only pointed at")
	}
	return out
}

func balanceMark(e AccountEntity) mark {
	switch e.Balance {
	case balanceHolds:
		return good("holds")
	case balanceOpen:
		return idle("not ended")
	}
	return bad("%s", e.Balance)
}

// reconciliationMark sums up a comparison.
func reconciliationMark(r *AccountReconciliation) mark {
	checked, differences, undone, unseen := int64(0), int64(0), int64(0), 0
	earlier := map[string]string{}
	for _, e := range r.Entities {
		checked += e.Counts[verdict.CountChecked]
		undone += e.Counts[verdict.CountRolledBack]
		earlier[e.Name] = e.AsOf
		differences += e.Differences
		unseen += len(e.NotLooked)
	}
	bounds := strings.Join(r.Bounds, "; ")
	if bounds != "" {
		bounds = " (" + bounds + ")"
	}
	since := asOf(earlier)
	switch {
	case differences > 0:
		return bad("Reconciled by %s%s: %s", r.Name, bounds, words(differences, "difference")+since)
	case r.State != string(verdict.Completed):
		return idle("Reconciliation %s%s is %s", r.Name, bounds, r.State)
	case undone > 0:
		return idle("Reconciled by %s%s: %s checked, no difference; %s rolled back", r.Name, bounds, words(checked, "record"), wordsAre(undone, "record")+since)
	case bounds != "":
		return idle("Compared in part by %s%s: %s checked, no difference there%s", r.Name, bounds, words(checked, "record"), since)
	case unseen > 0:
		return mild("Reconciled by %s: %s checked, no difference in what was compared; it did not look everywhere%s", r.Name, words(checked, "record"), since)
	}
	return good("Reconciled by %s: %s checked, no difference%s", r.Name, words(checked, "record"), since)
}

// comparedNames lists the columns of a comparison's table.
func comparedNames(r *AccountReconciliation) []string {
	names := []string{verdict.CountRecords, verdict.CountChecked, verdict.CountEqual, verdict.CountNotLanded}
	for _, name := range []string{verdict.CountRolledBack, verdict.CountLinked, verdict.CountUnresolved, verdict.CountForeign} {
		if slices.ContainsFunc(r.Entities, func(e AccountReconciliationEntity) bool { return e.Counts[name] > 0 }) {
			names = append(names, name)
		}
	}
	return append(names, r.Verdicts...)
}

// unseenWords lists where a comparison did not look.
func unseenWords(r AccountReconciliation) (lines []string) {
	for _, e := range r.Entities {
		for _, line := range e.NotLooked {
			lines = append(lines, e.Name+": "+line)
		}
	}
	return lines
}

func fingerprintMark(f AccountFingerprint) mark {
	switch {
	case f.Open:
		return idle("not known before the entity ends")
	case f.Held:
		return good("held")
	}
	return bad("broken")
}

func fingerprintWords(f AccountFingerprint) string {
	switch {
	case f.Open:
		return words(f.RowsBefore, "row") + " before"
	case f.Held && f.RowsOthers > 0:
		return words(f.RowsBefore, "row") + " before, " + grouped(f.RowsAfter) + " after, " + grouped(f.RowsOthers) + " of them created by others meanwhile; what was there is as it was"
	case f.Held:
		return words(f.RowsBefore, "row") + " before, " + grouped(f.RowsAfter) + " after; what the run did not write is as it was"
	case f.RowsAfter == f.RowsExpected:
		return "somebody else changed at least one of the " + words(f.RowsAfter, "row") + " while it ran"
	}
	return "somebody else changed the table while it ran: " + words(f.RowsExpected, "row") + " expected, " + grouped(f.RowsAfter) + " found"
}

// slicesTold is how many slices of an entity the page lists.
const slicesTold = 24

func slicesShown(e AccountEntity) []AccountSlice { return e.Slices[:min(len(e.Slices), slicesTold)] }
func slicesHidden(e AccountEntity) int           { return max(0, len(e.Slices)-slicesTold) }

func refusedTitle(a *Account) string {
	if a.Undoes() {
		return "What was not undone"
	}
	return "What did not land"
}

func refusedWords(a *Account) string {
	text := "did not land"
	if a.Undoes() {
		text = "were not undone"
	}
	return fmt.Sprintf("%s of %s records %s (%s), for %s.", grouped(a.Open()), grouped(a.Read()), text, percent(a.Open(), a.Read()), words(int64(len(a.Rejections)), "reason"))
}

// touchedWord says what a run did to the records that it counts: a rollback
// reads none.
func touchedWord(a *Account) string {
	if a.Undoes() {
		return "touched"
	}
	return "read"
}

// partsShown leaves out the entities that a run over few records had nothing to
// do with, unless that is all of them.
func partsShown(a *Account) []AccountEntity {
	if a.Run.Over == ledger.KindAll {
		return a.Entities
	}
	shown := slices.DeleteFunc(slices.Clone(a.Entities), func(e AccountEntity) bool { return e.Read == 0 })
	if len(shown) == 0 {
		return a.Entities
	}
	return shown
}

// sourcesCount reports whether any source could count.
func sourcesCount(a *Account) bool {
	return slices.ContainsFunc(a.Entities, func(e AccountEntity) bool { return e.SourceCount >= 0 })
}

func balanceWords(a *Account) string {
	if a.Undoes() {
		return "Every record that the run touched has exactly one end, and the ends add up."
	}
	return "Every record that was read has exactly one end, and the ends add up."
}

// example is a message with the records that it was told of.
type example struct{ Refs, Message string }

// examplesOf tells a message once, however many records it was told of.
func examplesOf(r Reason) []example {
	var out []example
	for _, e := range r.Examples {
		ref := e.Ref + whereRead(e)
		at := slices.IndexFunc(out, func(x example) bool { return x.Message == e.Message })
		if at < 0 {
			out = append(out, example{ref, e.Message})
			continue
		}
		out[at].Refs += ", " + ref
	}
	return out
}
