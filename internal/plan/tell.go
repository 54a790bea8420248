package plan

import (
	"fmt"
	"io"
	"strings"

	"landfall/internal/record"
	"landfall/internal/run"
)

// Tell writes the plan for people.
func (p *Plan) Tell(w io.Writer) {
	fmt.Fprintf(w, "Plan of %s, mode %s, into %s (%s), by %s at %s\n", p.Migration, p.Mode, p.Target.Connection, p.Target.Place.Identity(p.Target.ID), p.Author, p.CreatedAt)
	fmt.Fprintf(w, "\n  %-20s %10s", "entity", "records")
	shown := p.dispositions()
	for _, d := range shown {
		fmt.Fprintf(w, " %10s", d)
	}
	fmt.Fprintln(w)
	for i := range p.Entities {
		e := &p.Entities[i]
		fmt.Fprintf(w, "  %-20s %10d", e.Name, e.Records)
		for _, d := range shown {
			fmt.Fprintf(w, " %10d", e.Counts[d])
		}
		fmt.Fprintln(w)
	}
	p.tellRejections(w)
	heads(w, "Values that are lost: an empty cell replaces what is there", p.erased())
	fmt.Fprintf(w, "\nOrder of landing\n")
	for i := range p.Entities {
		e := &p.Entities[i]
		fmt.Fprintf(w, "  %d. %s → %s; key %s\n", i+1, e.Name, e.Table, e.Key)
		for _, after := range e.After {
			fmt.Fprintf(w, "     after %s: %s\n", after.Entity, after.Why)
		}
	}
	for _, circle := range p.Circles {
		fmt.Fprintf(w, "  circle: %s; references that come later are filled in at the end\n", strings.Join(circle, " → "))
	}
	heads(w, "Rules that only the target can judge", p.unforeseen())
	heads(w, "Open questions", p.Questions)
	heads(w, "Rollback", p.Rollback)
	p.tellApprovals(w)
}

// dispositions are those that any record has.
func (p *Plan) dispositions() []record.Disposition {
	var shown []record.Disposition
	for _, d := range record.Dispositions {
		for i := range p.Entities {
			if p.Entities[i].Counts[d] > 0 {
				shown = append(shown, d)
				break
			}
		}
	}
	return shown
}

func (p *Plan) tellRejections(w io.Writer) {
	first := true
	for i := range p.Entities {
		for _, r := range p.Entities[i].Rejections {
			if first {
				fmt.Fprintf(w, "\nWhat does not land, most common first\n")
				first = false
			}
			in := ""
			if r.Field != "" {
				in = " in " + r.Field
			}
			fmt.Fprintf(w, "  %d × %s: %s, %s%s; first %s\n", r.Count, p.Entities[i].Name, r.Disposition, r.Code, in, r.First)
		}
		if more := p.Entities[i].MoreRejections; more > 0 {
			fmt.Fprintf(w, "  and %d more kinds of %s, of the same codes\n", more, p.Entities[i].Name)
		}
	}
}

func (p *Plan) unforeseen() []string {
	var all []string
	for i := range p.Entities {
		all = append(all, p.Entities[i].Unforeseen...)
	}
	return all
}

// erased says of each column how many rows lose what they hold.
func (p *Plan) erased() []string {
	var all []string
	for i := range p.Entities {
		for _, e := range p.Entities[i].Erased {
			all = append(all, fmt.Sprintf("%d × %s of %s; first %s", e.Count, e.Column, p.Entities[i].Name, e.First))
		}
	}
	return all
}

func heads(w io.Writer, head string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", head)
	for _, line := range lines {
		fmt.Fprintf(w, "  %s\n", line)
	}
}

func (p *Plan) tellApprovals(w io.Writer) {
	for _, a := range p.Approvals {
		state := ""
		if a.PlanHash != p.Hash {
			state = ", void: it is for another content"
		}
		fmt.Fprintf(w, "\nApproved by %s (%s) at %s: %s%s\n", a.By, a.Actor, a.At, a.Reason, state)
	}
	fmt.Fprintf(w, "\nHash %s\n", p.Hash)
}

// TellRecord writes what is planned for a record.
func TellRecord(w io.Writer, f *run.Forecast) {
	at := ""
	if f.Line > 0 && f.Ref.Key != "" {
		at = fmt.Sprintf(" (line %d)", f.Line)
	}
	fmt.Fprintf(w, "%s%s: %s", shownRef(f), at, f.Disposition)
	if f.Code != "" {
		fmt.Fprintf(w, ", %s", f.Code)
	}
	if f.Field != "" {
		fmt.Fprintf(w, " in %s", f.Field)
	}
	fmt.Fprintln(w)
	if f.Message != "" {
		fmt.Fprintf(w, "  %s\n", f.Message)
	}
	if f.First != nil {
		fmt.Fprintf(w, "  first %s, and then found to be without what it refers to\n", f.First.Disposition)
	}
	for _, c := range f.Changes {
		switch {
		case c.Private:
			fmt.Fprintf(w, "  %s: (private, changed)\n", c.Column)
		case c.NewKey:
			fmt.Fprintf(w, "  %s: %s → (the key of a new row)\n", c.Column, shownText(c.Before))
		default:
			fmt.Fprintf(w, "  %s: %s → %s\n", c.Column, shownText(c.Before), shownText(c.After))
		}
	}
}

// shownRef names a record, and where it stands if it has no key.
func shownRef(f *run.Forecast) string {
	if f.Ref.Key == "" && f.Line > 0 {
		return fmt.Sprintf("%s (record %d, line %d, no key)", f.Ref.Entity, f.Number, f.Line)
	}
	return nameOf(f.Ref, f.Number)
}

func nameOf(ref record.Ref, number int64) string {
	if ref.Key == "" {
		return fmt.Sprintf("%s (record %d, no key)", ref.Entity, number)
	}
	return ref.String()
}

func shownText(text *string) string {
	if text == nil {
		return "NULL"
	}
	return fmt.Sprintf("%q", *text)
}

// RecordJSON is what is planned for a record, for programs.
func RecordJSON(f *run.Forecast) any {
	return struct {
		Ref   string `json:"ref"`
		Slice int    `json:"slice"`
		*line
	}{f.Ref.String(), f.Slice, lineOf(f)}
}
