package report

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"landfall/internal/verdict"
)

// Verdicts is a reconciliation to be told.
type Verdicts struct {
	*verdict.Reconciliation
	Run        string
	Entities   []*verdict.Entity
	Kept       bool
	Unfinished bool // the run has not ended
	// Each hands all differences over, entity by entity.
	Each func(func(*verdict.Difference) error) error
	// Private names the target columns of each entity whose values are masked.
	Private map[string]map[string]bool
	// Balances are those of the target's tables; empty where there are none.
	Balances []*verdict.Balance
}

// examplesShown is how many records are named for each entity and verdict.
const examplesShown = 10

// veiled is a difference as it may be shown.
func (v *Verdicts) veiled(d *verdict.Difference) *verdict.Difference {
	if !v.Private[d.Entity][d.Field] {
		return d
	}
	shown := *d
	for _, text := range []**string{&shown.Expected, &shown.Found} {
		if *text != nil && **text != "" {
			*text = told(privateText)
		}
	}
	return &shown
}

func (v *Verdicts) differences() int64 {
	n := int64(0)
	for _, e := range v.Entities {
		n += e.Differences()
	}
	return n
}

// count adds up what is counted under the name.
func (v *Verdicts) count(name string) int64 {
	n := int64(0)
	for _, e := range v.Entities {
		n += e.Counts[name]
	}
	return n
}

// Tell writes the closing table and named examples.
func (v *Verdicts) Tell(w io.Writer) error {
	fmt.Fprintf(w, "\nReconciliation %s of run %s: %s\n\n", v.Name, v.Run, v.inWords())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := v.columns()
	fmt.Fprint(table, "entity\t")
	for _, column := range columns {
		fmt.Fprintf(table, "%s\t", column)
	}
	fmt.Fprintln(table)
	for _, e := range v.Entities {
		fmt.Fprintf(table, "%s\t", e.Name)
		for _, column := range columns {
			fmt.Fprintf(table, "%s\t", grouped(e.Counts[column]))
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := v.tellExamples(w); err != nil {
		return err
	}
	if err := tellBalances(w, v.Balances); err != nil {
		return err
	}
	v.tellNotLooked(w)
	v.tellNotes(w)
	return nil
}

func (v *Verdicts) inWords() string {
	switch n := v.differences(); {
	case v.State == verdict.Interrupted:
		return "was interrupted"
	case v.State == verdict.Broken:
		return "broke off: " + v.Error
	case n == 0 && v.count(verdict.CountRolledBack) > 0 && v.count(verdict.CountEqual) == 0:
		return "the target holds none of the records, which are rolled back" + v.within() + v.asOf()
	case n == 0 && v.count(verdict.CountRolledBack) > 0:
		return "no difference, and " + wordsAre(v.count(verdict.CountRolledBack), "record") + " rolled back" + v.within() + v.asOf()
	case n == 0 && v.count(verdict.CountNotLanded) > 0 && v.count(verdict.CountEqual)+v.count(verdict.CountUnresolved) == 0:
		return "no difference, and none of the records has landed" + v.within() + v.asOf()
	case n == 0:
		return "the target holds what it must" + v.within() + v.asOf()
	default:
		return words(n, "difference") + v.within() + v.asOf()
	}
}

// within says of what the headline is true, where that is not everything.
func (v *Verdicts) within() string {
	bounds := v.Options.Bounds()
	if len(bounds) == 0 && v.notLooked() {
		bounds = []string{"not everything was looked at"}
	}
	if len(bounds) == 0 {
		return ""
	}
	return " in what was compared (" + strings.Join(bounds, "; ") + ")"
}

// asOf says since when the headline is true, where part of it was found before
// the comparison was broken off and gone on with.
func (v *Verdicts) asOf() string {
	earlier := map[string]string{}
	for _, e := range v.Entities {
		earlier[e.Name] = e.Earlier()
	}
	return asOf(earlier)
}

// asOf names the entities of which part was looked at earlier, and since when at
// the most.
func asOf(earlier map[string]string) string {
	oldest, names := "", []string(nil)
	for _, name := range slices.Sorted(maps.Keys(earlier)) {
		if at := earlier[name]; at != "" {
			names = append(names, name)
			if oldest == "" || at < oldest {
				oldest = at
			}
		}
	}
	if oldest == "" {
		return ""
	}
	return fmt.Sprintf(", as of %s for %s", momentText(oldest), strings.Join(names, ", "))
}

func (v *Verdicts) notLooked() bool {
	return slices.ContainsFunc(v.Entities, func(e *verdict.Entity) bool { return len(e.NotLooked) > 0 })
}

// tellNotLooked says where no difference means nothing.
func (v *Verdicts) tellNotLooked(w io.Writer) {
	if !v.notLooked() {
		return
	}
	fmt.Fprint(w, "\nNot looked at:\n")
	for _, e := range v.Entities {
		for _, line := range e.NotLooked {
			fmt.Fprintf(w, "  %s: %s\n", e.Name, line)
		}
	}
}

// columns are those that are not zero throughout, and those that always tell.
func (v *Verdicts) columns() []string {
	names := []string{verdict.CountRecords, verdict.CountChecked, verdict.CountEqual}
	others := []string{verdict.CountNotLanded, verdict.CountRolledBack, verdict.CountUnresolved, verdict.CountLinked, verdict.CountForeign}
	for _, name := range verdict.Verdicts {
		others = append(others, string(name))
	}
	for _, name := range others {
		for _, e := range v.Entities {
			if e.Counts[name] > 0 {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

func (v *Verdicts) tellExamples(w io.Writer) error {
	type group struct {
		entity  string
		verdict verdict.Verdict
	}
	shown := map[group]int{}
	last := map[group]subject{} // the fields of one record follow each other
	kept := map[group][]verdict.Difference{}
	var order []group
	err := v.Each(func(d *verdict.Difference) error {
		g, s := group{d.Entity, d.Verdict}, subjectOf(d)
		if last[g] != s || shown[g] == 0 {
			if shown[g]++; shown[g] == 1 {
				order = append(order, g)
			}
			last[g] = s
		}
		if shown[g] <= examplesShown {
			kept[g] = append(kept[g], *v.veiled(d))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, g := range order {
		fmt.Fprintf(w, "\n%s: %s\n", g.entity, g.verdict)
		var before subject
		for i := range kept[g] {
			d := &kept[g][i]
			if s := subjectOf(d); i == 0 || s != before {
				fmt.Fprintf(w, "  %s\n", subjectText(d))
				if d.Message != "" && s.of == "" {
					fmt.Fprintf(w, "      %s\n", d.Message)
				}
				before = s
			}
			if d.Field != "" || d.Expected != nil {
				fmt.Fprintf(w, "      %s\n", fieldText(d))
			}
		}
		if more := shown[g] - examplesShown; more > 0 {
			fmt.Fprintf(w, "  and %s more; --out FILE.csv writes them all\n", grouped(int64(more)))
		}
	}
	return nil
}

// subject is what a difference is about: a record, a row, or, of a table as a
// whole, one group of one total, or one counter.
type subject struct{ key, row, of string }

func subjectOf(d *verdict.Difference) subject {
	if d.Key != "" || d.TargetKey != "" {
		return subject{key: d.Key, row: d.TargetKey}
	}
	return subject{of: d.Field + d.Rule + d.Message}
}

func subjectText(d *verdict.Difference) string {
	switch {
	case d.Key != "" && d.TargetKey != "":
		return fmt.Sprintf("%s:%s (row %s)", d.Entity, d.Key, d.TargetKey)
	case d.Key != "":
		return d.Entity + ":" + d.Key
	case d.TargetKey != "":
		return "row " + d.TargetKey
	}
	return cmp.Or(d.Message, d.Entity)
}

func fieldText(d *verdict.Difference) string {
	text := ""
	if d.Field != "" {
		text = d.Field + ": "
	}
	if d.Expected != nil || comparesFields(d.Verdict) {
		text += "expected " + shownText(d.Expected) + ", "
	}
	text += "found " + shownText(d.Found)
	if d.Rule != "" {
		text += "  [" + d.Rule + "]"
	}
	return text
}

// shownText tells NULL from empty text.
func shownText(text *string) string {
	switch {
	case text == nil:
		return "NULL"
	case *text == "":
		return `""`
	}
	return *text
}

func (v *Verdicts) tellNotes(w io.Writer) {
	if v.Unfinished {
		fmt.Fprintf(w, "\nRun %s has not ended: what it has not landed yet counts as not run.\n", v.Run)
	}
	if v.State == verdict.Completed && !v.Kept {
		fmt.Fprint(w, "\nThe books may not be written by this user: this result is not kept.\n")
	}
}

// verdictLine is a difference as a line of JSON.
type verdictLine struct {
	Verdict   verdict.Verdict `json:"verdict"`
	Entity    string          `json:"entity"`
	Key       string          `json:"key,omitempty"`
	TargetKey string          `json:"target_key,omitempty"`
	Field     string          `json:"field,omitempty"`
	Expected  *string         `json:"expected"`
	Found     *string         `json:"found"`
	Rule      string          `json:"rule,omitempty"`
	Message   string          `json:"message,omitempty"`
}

func (v *Verdicts) line(d *verdict.Difference) verdictLine {
	d = v.veiled(d)
	return verdictLine{d.Verdict, d.Entity, d.Key, d.TargetKey, d.Field, d.Expected, d.Found, d.Rule, d.Message}
}

// TellJSON writes the result as one JSON object, with the first differences of
// each entity and verdict.
func (v *Verdicts) TellJSON(w io.Writer) error {
	type entity struct {
		Name      string           `json:"entity"`
		Counts    map[string]int64 `json:"counts"`
		NotLooked []string         `json:"not_looked,omitempty"`
		AsOf      string           `json:"as_of,omitempty"` // since when, where part was looked at before it was gone on with
	}
	out := struct {
		Reconciliation string        `json:"reconciliation"`
		Run            string        `json:"run"`
		State          verdict.State `json:"state"`
		Kept           bool          `json:"kept"`
		Bounds         []string      `json:"bounds,omitempty"` // to what it was narrowed
		Differences    int64         `json:"differences"`
		Entities       []entity      `json:"entities"`
		Examples       []verdictLine `json:"examples"`
		// Balances hold, table by table, what was there and was made against what is.
		Balances []*verdict.Balance `json:"balances,omitempty"`
	}{v.Name, v.Run, v.State, v.Kept, v.Options.Bounds(), v.differences(), nil, []verdictLine{}, v.Balances}
	for _, e := range v.Entities {
		out.Entities = append(out.Entities, entity{e.Name, e.Counts, e.NotLooked, e.Earlier()})
	}
	type group struct {
		entity  string
		verdict verdict.Verdict
	}
	shown := map[group]int{}
	err := v.Each(func(d *verdict.Difference) error {
		if g := (group{d.Entity, d.Verdict}); shown[g] < examplesShown {
			shown[g]++
			out.Examples = append(out.Examples, v.line(d))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return JSONLine(w, out)
}

// Write writes every difference, as csv or jsonl. In csv, NULL is written as
// NULL.
func (v *Verdicts) Write(w io.Writer, form string) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	if form == "jsonl" {
		err := v.Each(func(d *verdict.Difference) error { return JSONLine(buffered, v.line(d)) })
		return errors.Join(err, buffered.Flush())
	}
	table := csv.NewWriter(buffered)
	if err := table.Write([]string{"verdict", "entity", "key", "target_key", "field", "expected", "found", "rule", "message"}); err != nil {
		return err
	}
	err := v.Each(func(d *verdict.Difference) error {
		d = v.veiled(d)
		return table.Write([]string{string(d.Verdict), d.Entity, d.Key, d.TargetKey, d.Field, cellText(d.Expected, d.Verdict), cellText(d.Found, d.Verdict), d.Rule, d.Message})
	})
	table.Flush()
	return errors.Join(err, table.Error(), buffered.Flush())
}

func cellText(text *string, v verdict.Verdict) string {
	switch {
	case text != nil:
		return *text
	case comparesFields(v):
		return "NULL"
	}
	return ""
}

// comparesFields reports whether differences of the verdict are fields with
// another value, where NULL is one.
func comparesFields(v verdict.Verdict) bool {
	return v == verdict.Differs || v == verdict.ChangedByBusiness
}
