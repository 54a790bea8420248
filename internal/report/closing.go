package report

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"landfall/internal/ledger"
	"landfall/internal/record"
)

func hexText(b []byte) string { return hex.EncodeToString(b) }

// reasonsShown is how many groups of rejections the closing table is followed by.
const reasonsShown = 5

// Closing writes the table that ends a run, and the most common rejections.
func Closing(w io.Writer, s *Summary) {
	mode := s.Mode
	if s.RollsBack != "" {
		mode += " of " + s.RollsBack
	}
	fmt.Fprintf(w, "\nRun %s (%s) %s\n\n", s.Run, mode, stateWords(s))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	read := "read"
	if s.RollsBack != "" {
		read = "touched"
	}
	fmt.Fprintf(table, "entity\t%s\t", read)
	shown := shownDispositions(s)
	for _, disposition := range shown {
		fmt.Fprintf(table, "%s\t", disposition)
	}
	fmt.Fprintln(table)
	for _, name := range shownEntities(s) {
		counts := s.Entities[name]
		fmt.Fprintf(table, "%s\t%s\t", name, grouped(counts.Read))
		for _, disposition := range shown {
			fmt.Fprintf(table, "%s\t", grouped(*counts.Of(disposition)))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	title := "Most common rejections"
	if len(s.Reasons) > 0 && s.Reasons[0].Code == record.CodePlanDrift {
		title = "What the plan did not foresee, and the most common rejections"
	}
	if s.RollsBack != "" {
		title = "Not reversed"
	}
	reasonsUnder(w, title, s.Reasons)
	writeUnjudged(w, s.Unjudged)
	writeTotals(w, s)
	writeFingerprints(w, s)
	writeQuestions(w, s.OpenQuestions)
}

// writeUnjudged names the columns of which nobody can tell whether they were
// edited: a row that goes may go with such an edit.
func writeUnjudged(w io.Writer, unjudged []ledger.Unjudged) {
	if len(unjudged) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNot judged: rows that the run made go even where somebody edited these columns")
	for _, u := range unjudged {
		fmt.Fprintf(w, "  %s: %s (%s)\n", u.Entity, strings.Join(u.Columns, ", "), u.Why)
	}
}

// Rejections writes the most common groups with their examples.
func Rejections(w io.Writer, reasons []Reason) {
	reasonsUnder(w, "Most common rejections", reasons)
}

func reasonsUnder(w io.Writer, title string, reasons []Reason) {
	if len(reasons) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	for _, reason := range reasons[:min(len(reasons), reasonsShown)] {
		in := ""
		if reason.Field != "" {
			in = " in " + reason.Field
		}
		fmt.Fprintf(w, "  %s × %s: %s%s (%s)\n", grouped(reason.Count), reason.Entity, reason.Code, in, reason.Step)
		for _, example := range reason.Examples {
			fmt.Fprintf(w, "      %s%s: %s\n", example.Ref, whereRead(example), example.Message)
		}
	}
	if more := len(reasons) - reasonsShown; more > 0 {
		fmt.Fprintf(w, "  and %s; `landfall records` lists them all\n", counted(more, "more kind"))
	}
}

func whereRead(e Example) string {
	switch {
	case strings.Contains(e.Ref, "no key") && e.Line > 0:
		return fmt.Sprintf(" (line %d)", e.Line)
	case e.Line > 0:
		return fmt.Sprintf(" (record %d, line %d)", e.Number, e.Line)
	case e.Number > 0 && !strings.Contains(e.Ref, "no key"):
		return fmt.Sprintf(" (record %d)", e.Number)
	}
	return ""
}

func stateWords(s *Summary) string {
	switch {
	case s.RollsBack != "" && s.State == ledger.Completed:
		return rollbackWords(s)
	case s.RollsBack != "" && s.State == ledger.Running:
		return "would end so"
	}
	switch s.State {
	case ledger.Completed:
		if open := s.Open(); open > 0 {
			return fmt.Sprintf("completed; %s did not land", records(open))
		}
		return "completed; every record landed or was settled"
	case ledger.Unreconciled:
		return "FAILED ITS RECONCILIATION: " + s.Error
	case ledger.Interrupted:
		return "was interrupted and can be resumed"
	case ledger.Broken:
		return "broke off and can be resumed: " + s.Error
	}
	return "is " + string(s.State)
}

// rollbackWords never calls it a success that nothing was done.
func rollbackWords(s *Summary) string {
	reversed, open := s.Reversed(), s.Open()
	switch {
	case reversed == 0 && open == 0:
		return "completed; nothing was reversed: there is nothing left to undo of what was asked for"
	case reversed == 0:
		return "completed; nothing was reversed, " + recordsStay(open)
	case open > 0:
		return fmt.Sprintf("completed; %s reversed, %s", records(reversed), recordsStay(open))
	}
	return "completed; everything was reversed"
}

func recordsStay(n int64) string {
	if n == 1 {
		return records(n) + " stays"
	}
	return records(n) + " stay"
}

func records(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return grouped(n) + " records"
}

// shownEntities leaves out those that a run over few records had nothing to do
// with, unless that is all of them.
func shownEntities(s *Summary) []string {
	var shown []string
	for _, name := range s.Order {
		if s.Kind == ledger.KindAll || s.Entities[name].Read > 0 {
			shown = append(shown, name)
		}
	}
	if len(shown) == 0 {
		return s.Order
	}
	return shown
}

// shownDispositions leaves out the columns that are zero throughout, but always
// shows what was created and what failed. A rollback has four ends.
func shownDispositions(s *Summary) []record.Disposition {
	if s.RollsBack != "" {
		return []record.Disposition{record.Reversed, record.Kept, record.Blocked, record.Failed}
	}
	var shown []record.Disposition
	for _, disposition := range record.Dispositions {
		keep := disposition == record.Created || disposition == record.Failed
		for _, counts := range s.Entities {
			keep = keep || *counts.Of(disposition) > 0
		}
		if keep {
			shown = append(shown, disposition)
		}
	}
	return shown
}

// grouped writes a number with thin groups of three: 1,234,567.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for at := len(text) - 3; at > start; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
