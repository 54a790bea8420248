package report

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Total is a total of an entity's target table around a run.
type Total struct {
	Total         string       `json:"total"`
	Groups        []TotalGroup `json:"groups"` // one without values, where the total has no groups
	TooManyBefore bool         `json:"too_many_groups_before,omitempty"`
	TooManyAfter  bool         `json:"too_many_groups_after,omitempty"`

	grouped, ended bool
}

// TotalGroup is one group's part of a total; null stands for a group that was
// not there, or for the least or greatest of no values.
type TotalGroup struct {
	Values []*string `json:"values,omitempty"` // of the columns behind `by`
	Before *string   `json:"before"`
	After  *string   `json:"after"`
}

// FingerprintState says how a fingerprint turned out.
type FingerprintState string

// The states of a fingerprint.
const (
	FingerprintHeld   FingerprintState = "held"   // all that the run did not write is as it was
	FingerprintBroken FingerprintState = "broken" // it is not
	FingerprintOpen   FingerprintState = "open"   // the run has not ended
)

// Fingerprint is the judgement on an entity's fingerprint, and what it is made
// of: expected is before without taken and with put and others, rows that others
// have created meanwhile, where that could be told.
type Fingerprint struct {
	State    FingerprintState    `json:"state"`
	Before   record.Fingerprint  `json:"before"`
	Taken    record.Fingerprint  `json:"taken"`
	Put      record.Fingerprint  `json:"put"`
	Others   *record.Fingerprint `json:"others,omitempty"`
	Expected record.Fingerprint  `json:"expected"`
	After    *record.Fingerprint `json:"after,omitempty"`
}

// measures adds what was measured around the run.
func (s *Summary) measures(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runID int64, entities []ledger.Entity) error {
	name := func(id int64) string {
		at := slices.IndexFunc(entities, func(e ledger.Entity) bool { return e.ID == id })
		if at < 0 {
			return fmt.Sprint("entity ", id)
		}
		return entities[at].Name
	}
	totals, err := l.Totals(ctx, tx, runID)
	if err != nil {
		return err
	}
	for _, t := range totals {
		told := Total{Total: t.Name, TooManyBefore: t.TooManyBefore, TooManyAfter: t.TooManyAfter, Groups: []TotalGroup{}, grouped: t.Grouped, ended: t.Ended}
		for _, group := range t.Groups {
			told.Groups = append(told.Groups, TotalGroup{Values: group.Values, Before: group.Before, After: group.After})
		}
		if s.Totals == nil {
			s.Totals = map[string][]Total{}
		}
		s.Totals[name(t.EntityID)] = append(s.Totals[name(t.EntityID)], told)
	}
	fingerprints, err := l.Fingerprints(ctx, tx, runID)
	for id, f := range fingerprints {
		told := Fingerprint{State: FingerprintOpen, Before: f.Before, Taken: f.Taken, Put: f.Put, Expected: f.Expected()}
		if f.Others.Rows > 0 {
			told.Others = &f.Others
		}
		switch {
		case f.Held():
			told.State, told.After = FingerprintHeld, &f.After
		case f.Ended:
			told.State, told.After = FingerprintBroken, &f.After
		}
		if s.Fingerprints == nil {
			s.Fingerprints = map[string]Fingerprint{}
		}
		s.Fingerprints[name(id)] = told
	}
	return err
}

// groupsShown is how many groups of a total the closing table shows.
const groupsShown = 5

// writeTotals writes what totals were before and after. Of groups it shows
// those that changed.
func writeTotals(w io.Writer, s *Summary) {
	if len(s.Totals) == 0 {
		return
	}
	fmt.Fprintln(w, "\nTotals, before and after")
	var lines strings.Builder
	table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	for _, entity := range s.Order {
		for i := range s.Totals[entity] {
			s.Totals[entity][i].write(table, entity)
		}
	}
	table.Flush()
	for line := range strings.Lines(lines.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n")) // a line without numbers was filled up to them
	}
}

func (t *Total) write(w io.Writer, entity string) {
	if !t.grouped {
		for i := range t.Groups {
			fmt.Fprintf(w, "  %s: %s\t%s\n", entity, t.Total, t.change(&t.Groups[i]))
		}
		return
	}
	var changed []*TotalGroup
	for i := range t.Groups {
		if group := &t.Groups[i]; t.shown(group.Before) != t.shown(group.After) {
			changed = append(changed, group)
		}
	}
	tooMany := "there are too many groups to tell"
	switch {
	case t.TooManyBefore || t.TooManyAfter:
		fmt.Fprintf(w, "  %s: %s\t%s\n", entity, t.Total, tooMany)
		return
	case !t.ended:
		fmt.Fprintf(w, "  %s: %s\t%s before\n", entity, t.Total, counted(len(t.Groups), "group"))
		return
	case len(changed) == 0:
		fmt.Fprintf(w, "  %s: %s\tnone of %s changed\n", entity, t.Total, counted(len(t.Groups), "group"))
		return
	}
	fmt.Fprintf(w, "  %s: %s\t\n", entity, t.Total)
	for _, group := range changed[:min(len(changed), groupsShown)] {
		fmt.Fprintf(w, "      %s\t%s\n", groupName(group.Values), t.change(group))
	}
	if more := len(changed) - groupsShown; more > 0 {
		fmt.Fprintf(w, "      and %s that changed; report.json has them all\t\n", counted(more, "more group"))
	}
}

func (t *Total) change(group *TotalGroup) string {
	if !t.ended {
		return t.shown(group.Before) + " before"
	}
	return t.shown(group.Before) + " → " + t.shown(group.After)
}

// shown is a value as people read it.
func (t *Total) shown(value *string) string {
	if value == nil {
		return "none"
	}
	return groupedText(*value)
}

func groupName(values []*string) string {
	names := make([]string, len(values))
	for i, value := range values {
		if names[i] = "NULL"; value != nil {
			names[i] = fmt.Sprintf("%q", *value)
		}
	}
	return strings.Join(names, ", ")
}

// groupedText writes the whole part of a decimal in groups of three; other
// texts stay as they are.
func groupedText(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	whole, frac, point := strings.Cut(digits, ".")
	if strings.Trim(whole+frac, "0123456789") != "" {
		return text
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if point {
		whole += "." + frac
	}
	if negative {
		return "-" + whole
	}
	return whole
}

// writeFingerprints says of each entity whether what the run did not write is
// as it was.
func writeFingerprints(w io.Writer, s *Summary) {
	if len(s.Fingerprints) == 0 {
		return
	}
	fmt.Fprintln(w, "\nFingerprints: are the rows that this run did not write as they were?")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, entity := range s.Order {
		f, taken := s.Fingerprints[entity]
		if !taken {
			continue
		}
		fmt.Fprintf(table, "  %s\t%s\n", entity, f.words())
	}
	table.Flush()
}

func (f *Fingerprint) words() string {
	switch f.State {
	case FingerprintHeld:
		if f.Others != nil {
			return fmt.Sprintf("yes (%s before, %s after, %s of them created by others)", rows(f.Before.Rows), grouped(f.After.Rows), grouped(f.Others.Rows))
		}
		return fmt.Sprintf("yes (%s before, %s after)", rows(f.Before.Rows), grouped(f.After.Rows))
	case FingerprintOpen:
		return fmt.Sprintf("not known before the run ends (%s before)", rows(f.Before.Rows))
	}
	if f.After.Rows == f.Expected.Rows {
		return fmt.Sprintf("NO: somebody else changed at least one of the %s while it ran", rows(f.After.Rows))
	}
	return fmt.Sprintf("NO: somebody else changed the table while it ran: %s expected, %s found", rows(f.Expected.Rows), grouped(f.After.Rows))
}

func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return grouped(n) + " rows"
}
