package report

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/record"
)

func title(a *Account) string {
	if a.Run.Over == ledger.KindRollback {
		return "Report of a rollback"
	}
	return "Report of a migration run"
}

// verdictOf is the first thing that a reader wants to know.
func verdictOf(a *Account) mark {
	open := a.Open()
	switch a.Run.State {
	case ledger.Completed:
		if open > 0 {
			return mild("Completed. %s did not land; every other one landed or was settled.", records(open))
		}
		return good("Completed. Every record landed or was settled.")
	case ledger.Running:
		return mild("Still running, or broken off without a word, when this report was made.")
	case ledger.Interrupted:
		return mild("Interrupted; it can be resumed.")
	case ledger.Broken:
		return bad("Broke off and can be resumed: %s", a.Run.Error)
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
	out := []figure{
		{"records read", grouped(read), "of " + words(len(a.Entities), "entity")},
		{"landed or settled", grouped(read - open), percent(read-open, read)},
		{"did not land", grouped(open), percent(open, read)},
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
		out = append(out, good("Every record read has exactly one end"))
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

func countText(n int64) string {
	if n < 0 {
		return "–"
	}
	return grouped(n)
}

// percent keeps a few of many from reading as none.
func percent(n, of int64) string {
	switch {
	case of == 0:
		return "–"
	case n == 0:
		return "0 %"
	case n == of:
		return "100 %"
	}
	share := 100 * float64(n) / float64(of)
	switch {
	case share < 0.1:
		return "under 0.1 %"
	case share > 99.9:
		return "over 99.9 %"
	}
	return strconv.FormatFloat(share, 'f', 1, 64) + " %"
}

// words counts in words: 1 entity, 2 entities.
func words[N int | int64](n N, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		what = strings.TrimSuffix(what, "y") + "ies"
	case strings.HasSuffix(what, "ch"):
		what += "es"
	default:
		what += "s"
	}
	return grouped(int64(n)) + " " + what
}

func wordsAre(n int, what string) string {
	if n == 1 {
		return words(n, what) + " is"
	}
	return words(n, what) + " are"
}

func momentText(stamp string) string {
	at, err := time.Parse(stampLayout, stamp)
	if err != nil {
		return stamp
	}
	return at.Format("2006-01-02 15:04:05") + " UTC"
}

func durationText(milliseconds int64) string {
	d := time.Duration(milliseconds) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", milliseconds)
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func countsWords(counts map[record.Disposition]int64) string {
	var parts []string
	for _, disposition := range record.Dispositions {
		if n := counts[disposition]; n != 0 {
			parts = append(parts, grouped(n)+" "+string(disposition))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func perSecond(n, milliseconds int64) string {
	if milliseconds <= 0 {
		return "–"
	}
	return grouped(n * 1000 / milliseconds)
}

func amountText(text *string) string {
	if text == nil {
		return "–"
	}
	sign, number := "", *text
	if strings.HasPrefix(number, "-") {
		sign, number = "−", number[1:]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(fraction, "eE") {
		return *text
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + grouped(n) + fraction
}

// changeText is the difference of two decimal texts, exactly.
func changeText(before, after *string) string {
	zero := "0"
	if before == nil {
		before = &zero
	}
	if after == nil {
		after = &zero
	}
	was, okWas := new(big.Rat).SetString(*before)
	is, okIs := new(big.Rat).SetString(*after)
	if !okWas || !okIs {
		return ""
	}
	difference := new(big.Rat).Sub(is, was)
	if difference.Sign() == 0 {
		return "0"
	}
	text := difference.FloatString(max(scale(*before), scale(*after)))
	shown := amountText(&text)
	if difference.Sign() > 0 {
		return "+" + shown
	}
	return shown
}

func scale(number string) int {
	_, fraction, _ := strings.Cut(number, ".")
	return len(fraction)
}

// reconciliationMark sums up a comparison.
func reconciliationMark(r *AccountReconciliation) mark {
	checked, differences := int64(0), int64(0)
	for _, e := range r.Entities {
		checked += e.Counts["checked"]
		differences += e.Differences
	}
	switch {
	case differences > 0:
		return bad("Reconciled by %s: %s", r.Name, words(differences, "difference"))
	case r.State != "completed":
		return idle("Reconciliation %s is %s", r.Name, r.State)
	}
	return good("Reconciled by %s: %s checked, no difference", r.Name, words(checked, "record"))
}

// comparedNames lists the columns of a comparison's table.
func comparedNames(r *AccountReconciliation) []string {
	return append([]string{"records", "checked", "equal", "not-landed"}, r.Verdicts...)
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
	case f.Held:
		return words(f.RowsBefore, "row") + " before, " + grouped(f.RowsAfter) + " after; what the run did not write is as it was"
	case f.RowsAfter == f.RowsExpected:
		return "somebody else changed at least one of the " + words(f.RowsAfter, "row") + " while it ran"
	}
	return "somebody else changed the table while it ran: " + words(f.RowsExpected, "row") + " expected, " + grouped(f.RowsAfter) + " found"
}

// valueText is a value of a row; it is quoted, so that blanks can be seen.
func valueText(text *string) string {
	switch {
	case text == nil:
		return "NULL"
	case *text == privateText:
		return *text
	}
	return strconv.Quote(*text)
}

// slicesTold is how many slices of an entity the page lists.
const slicesTold = 24

func slicesShown(e AccountEntity) []AccountSlice { return e.Slices[:min(len(e.Slices), slicesTold)] }
func slicesHidden(e AccountEntity) int           { return max(0, len(e.Slices)-slicesTold) }
