package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"

	"landfall/internal/crosswalk"
	"landfall/internal/record"
)

// EntryWriter writes entries of the crosswalk one after another.
type EntryWriter interface {
	// Entry writes an entry.
	Entry(*crosswalk.Listed) error
	// Missing writes what was asked for and is not known: a record, or with row
	// true a row, whose Ref names the table or entity.
	Missing(asked record.Ref, row bool) error
	// Flush writes what is left; after it nothing may be written.
	Flush() error
}

// EntryOptions say how entries are written.
type EntryOptions struct {
	Format RecordsFormat
	Rows   bool // rows were asked for: they stand first in a line for people
	Exact  bool // CSV: cells as they are, even where a spreadsheet takes them for formulas
}

// NewEntryWriter makes a writer.
func NewEntryWriter(w io.Writer, o EntryOptions) (EntryWriter, error) {
	switch o.Format {
	case RecordsCSV:
		out := &csvEntries{Writer: csv.NewWriter(w), exact: o.Exact}
		return out, out.Writer.Write([]string{"entity", "source_key", "target_table", "target_key", "role", "state", "record", "first_run", "last_run", "survivor"})
	case RecordsJSON:
		return &jsonEntries{json.NewEncoder(w)}, nil
	}
	return &lineEntries{w: w, rows: o.Rows}, nil
}

type csvEntries struct {
	*csv.Writer
	exact bool
}

// NotFound is the state that is told of what the crosswalk does not know.
const NotFound = "not-found"

func (c *csvEntries) Entry(l *crosswalk.Listed) error {
	return c.write(l.Entity, l.Key, l.Table, l.TargetKey, l.Role.String(), l.State.String(), number(l.RecordNo), l.FirstRun, l.LastRun, l.Survivor)
}

func (c *csvEntries) Missing(asked record.Ref, row bool) error {
	if row {
		return c.write("", "", asked.Entity, asked.Key, "", NotFound, "", "", "", "")
	}
	return c.write(asked.Entity, asked.Key, "", "", "", NotFound, "", "", "", "")
}

func (c *csvEntries) write(cells ...string) error {
	if !c.exact {
		for i := range cells {
			cells[i] = Tame(cells[i])
		}
	}
	return c.Writer.Write(cells)
}

func (c *csvEntries) Flush() error {
	c.Writer.Flush()
	return c.Error()
}

var plainNumber = regexp.MustCompile(`\A[+-]?[0-9]+([.,][0-9]+)?\z`)

// Tame puts an apostrophe before a text that a spreadsheet would take for a
// formula. Numbers are none, whatever their sign.
func Tame(text string) string {
	if text == "" || plainNumber.MatchString(text) {
		return text
	}
	switch text[0] {
	case '=', '+', '-', '@', '\t', '\r':
		return "'" + text
	}
	return text
}

// entryLine is an entry as JSON.
type entryLine struct {
	Ref       string `json:"ref,omitempty"`
	Entity    string `json:"entity,omitempty"`
	SourceKey string `json:"source_key,omitempty"`
	Table     string `json:"target_table,omitempty"`
	TargetKey string `json:"target_key,omitempty"`
	Role      string `json:"role,omitempty"`
	State     string `json:"state"`
	Record    int64  `json:"record,omitempty"`
	FirstRun  string `json:"first_run,omitempty"`
	LastRun   string `json:"last_run,omitempty"`
	Survivor  string `json:"survivor,omitempty"`
}

type jsonEntries struct{ *json.Encoder }

func (j *jsonEntries) Entry(l *crosswalk.Listed) error {
	return j.Encode(entryLine{
		Ref: l.String(), Entity: l.Entity, SourceKey: l.Key, Table: l.Table, TargetKey: l.TargetKey, Role: l.Role.String(),
		State: l.State.String(), Record: l.RecordNo, FirstRun: l.FirstRun, LastRun: l.LastRun, Survivor: l.Survivor,
	})
}

func (j *jsonEntries) Missing(asked record.Ref, row bool) error {
	if row {
		return j.Encode(entryLine{Table: asked.Entity, TargetKey: asked.Key, State: NotFound})
	}
	return j.Encode(entryLine{Ref: asked.String(), Entity: asked.Entity, SourceKey: asked.Key, State: NotFound})
}

func (j *jsonEntries) Flush() error { return nil }

type lineEntries struct {
	w    io.Writer
	rows bool
}

func (l *lineEntries) Entry(e *crosswalk.Listed) error {
	from, to := e.String(), e.Table+":"+e.TargetKey
	if l.rows {
		from, to = to, from
	}
	role := e.Role.String()
	if e.Survivor != "" {
		role += " of " + record.Ref{Entity: e.Entity, Key: e.Survivor}.String()
	}
	runs := "by " + e.FirstRun
	if e.LastRun != e.FirstRun {
		runs += ", last written by " + e.LastRun
	}
	gone := ""
	if e.State == crosswalk.StateRolledBack || e.State == crosswalk.StateDeleted {
		gone = ": no longer so"
	}
	_, err := fmt.Fprintf(l.w, "%s → %s  (%s, %s, %s)%s\n", from, to, role, e.State, runs, gone)
	return err
}

func (l *lineEntries) Missing(asked record.Ref, _ bool) error {
	_, err := fmt.Fprintf(l.w, "%s → not found\n", asked)
	return err
}

func (l *lineEntries) Flush() error { return nil }
