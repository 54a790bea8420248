package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// ErrNeverRead says that no run of the migration has read the record.
var ErrNeverRead = errors.New("no run has read this record")

// Story is all that the books know of one record.
type Story struct {
	Ref       string    `json:"ref"`
	Table     string    `json:"target_table,omitempty"`
	TargetKey string    `json:"target_key,omitempty"`
	Role      string    `json:"role,omitempty"`
	State     string    `json:"state,omitempty"`
	FirstRun  string    `json:"first_run,omitempty"`
	LastRun   string    `json:"last_run,omitempty"`
	Survivor  string    `json:"survivor,omitempty"` // of an alias: the record that owns the row
	Chapters  []Chapter `json:"runs"`
	// Unanswered is a call for the record, where the target is an API, of which it is
	// not known whether it was carried out.
	Unanswered *Call `json:"unanswered,omitempty"`

	row string // what the target has of a record, in words; empty: a row
}

// what is what the target has of a record, in words.
func (s *Story) what() string {
	if s.row != "" {
		return s.row
	}
	return "row"
}

// Chapter is the record's end in one run. A key that stands twice in an input
// has two chapters for that run.
type Chapter struct {
	Run         string             `json:"run"`
	Kind        string             `json:"kind"`
	Mode        string             `json:"mode"`
	StartedAt   string             `json:"started_at"`
	Origin      string             `json:"origin"`
	MadeBy      string             `json:"made_by,omitempty"` // in a restore: the run that had made the entry
	Number      int64              `json:"record"`
	Line        int64              `json:"line,omitempty"`
	Disposition record.Disposition `json:"disposition"`
	TargetKey   string             `json:"target_key,omitempty"`
	Role        string             `json:"role,omitempty"`
	Step        record.Step        `json:"step,omitempty"`
	Field       string             `json:"field,omitempty"`
	Code        record.Code        `json:"code,omitempty"`
	Message     string             `json:"message,omitempty"`
	Read        []Cell             `json:"read,omitempty"`
	Before      []Cell             `json:"before,omitempty"`
	After       []Cell             `json:"after,omitempty"`
}

// Cell is a named text; nil is NULL.
type Cell struct {
	Name string  `json:"name"`
	Text *string `json:"value"`
}

// Explain tells the story of a record over all runs, oldest first.
func Explain(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, migration string, ref record.Ref) (*Story, error) {
	b := l.Books()
	story := &Story{Ref: ref.String()}
	entityID, err := crosswalk.EntityID(ctx, tx, b, migration, ref.Entity, false)
	if err != nil {
		return nil, err
	}
	err = b.Query(ctx, tx, func(row []record.Value) error {
		story.Table, story.TargetKey = row[0].String(), row[1].String()
		story.Role, story.State = crosswalk.Role(row[2].String()).String(), crosswalk.State(row[3].String()).String()
		story.FirstRun, story.LastRun = row[4].String(), row[5].String()
		if !row[6].IsNull() {
			story.Survivor = record.Ref{Entity: ref.Entity, Key: row[6].String()}.String()
		}
		return nil
	}, `SELECT t.name, c.target_key, c.role, c.state, f.name, l.name, c.survivor FROM {crosswalk} c JOIN {target_table} t ON t.id = c.table_id
  LEFT JOIN {run} f ON f.id = c.first_run LEFT JOIN {run} l ON l.id = c.last_run WHERE c.entity_id = ? AND c.source_key = ?`, entityID, ref.Key)
	if err != nil {
		return nil, err
	}
	runs, err := l.Runs(ctx, tx, migration)
	if err != nil {
		return nil, err
	}
	for i := len(runs) - 1; i >= 0; i-- {
		chapters, err := chaptersOf(ctx, tx, l, runs[i], entityID, ref.Key)
		if err != nil {
			return nil, err
		}
		story.Chapters = append(story.Chapters, chapters...)
	}
	if len(story.Chapters) == 0 && story.Table == "" {
		return nil, fmt.Errorf("%s: %w", ref, ErrNeverRead)
	}
	return story, nil
}

// chaptersOf finds the record in a run: its entries, and its lines in the
// segments, which know every record.
func chaptersOf(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, entityID int64, key string) ([]Chapter, error) {
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return nil, err
	}
	var header []string
	origin, slices := "", map[int]string{}
	for _, entity := range entities {
		if entity.ID == entityID {
			header, origin = entity.Header, entity.Origin
			for _, slice := range entity.Slices {
				slices[slice.Number] = slice.Name
			}
		}
	}
	told := map[ledger.Spot]*ledger.Told{}
	err = l.Entries(ctx, tx, func(t *ledger.Told) error {
		told[ledger.Spot{Slice: t.Slice, Ordinal: t.Ordinal, Seq: t.Seq}] = t
		return nil
	}, "e.run_id = ? AND e.entity_id = ? AND e.source_key = ?", run.ID, entityID, key)
	if err != nil {
		return nil, err
	}
	var chapters []Chapter
	err = l.Ends(ctx, tx, run.ID, entityID, func(read, at ledger.Spot, line *ledger.Line) error {
		if line.Key != key {
			return nil
		}
		c := Chapter{
			Run: run.Name, Kind: run.Kind(), Mode: run.Mode, StartedAt: run.StartedAt, Origin: origin, Number: line.Number,
			Line: line.Line, Disposition: line.Disposition, TargetKey: line.TargetKey,
		}
		if run.Mode == ledger.ModeRestore {
			c.MadeBy = slices[read.Slice]
		}
		if t := told[at]; t != nil {
			c.Role, c.Step, c.Field, c.Code, c.Message = t.Role, t.Step, t.Field, t.Code, t.Message
			c.Before, c.After = rowCells(t.Before), rowCells(t.After)
			c.Read = readCells(header, t.Source)
		}
		chapters = append(chapters, c)
		return nil
	})
	return chapters, err
}

func readCells(header []string, source string) []Cell {
	texts, err := ledger.DecodeCells(source)
	if err != nil {
		return nil
	}
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i] = Cell{Name: fmt.Sprintf("cell %d", i+1), Text: text}
		if i < len(header) {
			cells[i].Name = header[i]
		}
	}
	return cells
}

// rowCells reads a stored row in its column order.
func rowCells(row string) []Cell {
	if row == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(row))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	var cells []Cell
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return cells
		}
		var text *string
		if decoder.Decode(&text) != nil {
			return cells
		}
		cells = append(cells, Cell{Name: fmt.Sprint(name), Text: text})
	}
	return cells
}

// FindByTargetKey names the records that have to do with a row of a place: who
// owns it, and who points at it or did.
func FindByTargetKey(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string, place crosswalk.Place, targetKey string) ([]record.Ref, error) {
	entries, err := crosswalk.ListAllOfRow(ctx, tx, b, migration, place, targetKey)
	refs := make([]record.Ref, len(entries))
	for i, entry := range entries {
		refs[i] = entry.Ref
	}
	return refs, err
}

// WriteStory tells the story to a person.
func WriteStory(w io.Writer, s *Story) {
	fmt.Fprintln(w, s.Ref)
	if s.Table == "" {
		fmt.Fprintln(w, "  is not on the target")
	} else {
		role := s.Role
		if s.Survivor != "" {
			role += " of " + s.Survivor
		}
		is := "is"
		if s.State == crosswalk.StateRolledBack.String() || s.State == crosswalk.StateDeleted.String() {
			is = "was"
		}
		fmt.Fprintf(w, "  %s %s %s of %s (%s, %s), first landed by %s, last written by %s\n", is, s.what(), s.TargetKey, s.Table, role, s.State, s.FirstRun, s.LastRun)
	}
	if c := s.Unanswered; c != nil {
		fmt.Fprintf(w, "  a call of %s that was to %s it was not answered (%s): it is not known whether it was carried out\n", c.Run, c.Deed, c.Since)
	}
	for _, c := range s.Chapters {
		fmt.Fprintf(w, "\n%s  %s  %s\n", c.Run, c.StartedAt, runWords(c))
		switch c.Kind {
		case ledger.KindRollback:
			fmt.Fprintf(w, "  rolling back %s\n", c.Origin)
		case ledger.KindBackup:
			fmt.Fprintf(w, "  restored from %s, where %s had made it\n", c.Origin, c.MadeBy)
		case ledger.KindEntries:
			fmt.Fprintf(w, "  taken in as %s of %s, which another tool made\n", placeWords(c), c.Origin)
		default:
			fmt.Fprintf(w, "  read as %s of %s\n", placeWords(c), c.Origin)
		}
		fmt.Fprintf(w, "  %s\n", s.endWords(c))
		if c.Message != "" {
			fmt.Fprintf(w, "    %s\n", c.Message)
		}
		writeChanges(w, c)
		writeCells(w, "read", c.Read)
	}
}

func runWords(c Chapter) string {
	switch c.Kind {
	case ledger.KindAll, ledger.KindRollback, ledger.KindBackup, ledger.KindEntries:
		return c.Mode
	}
	return c.Mode + ", " + c.Kind
}

func placeWords(c Chapter) string {
	switch {
	case c.Number == 0:
		return "a record"
	case c.Line > 0:
		return fmt.Sprintf("record %d (line %d)", c.Number, c.Line)
	}
	return fmt.Sprintf("record %d", c.Number)
}

func (s *Story) endWords(c Chapter) string {
	text := string(c.Disposition)
	if c.Role != "" {
		text += " (" + c.Role + ")"
	}
	if c.Code != "" {
		text += ": " + string(c.Code)
	}
	if c.Field != "" {
		text += " in " + c.Field
	}
	if c.Step != "" {
		text += ", at step " + string(c.Step)
	}
	if c.TargetKey != "" {
		text += ", " + s.what() + " " + c.TargetKey
	}
	return text
}

// writeChanges shows what an update changed, or what was written.
func writeChanges(w io.Writer, c Chapter) {
	if len(c.Before) == 0 {
		writeCells(w, "wrote", c.After)
		return
	}
	if len(c.After) == 0 {
		writeCells(w, "the row was", c.Before)
		return
	}
	before := map[string]*string{}
	for _, cell := range c.Before {
		before[cell.Name] = cell.Text
	}
	for _, cell := range c.After {
		was := before[cell.Name]
		if quoted(was) != quoted(cell.Text) {
			fmt.Fprintf(w, "    %s: %s → %s\n", cell.Name, quoted(was), quoted(cell.Text))
		}
	}
}

func writeCells(w io.Writer, what string, cells []Cell) {
	if len(cells) == 0 {
		return
	}
	fmt.Fprintf(w, "  %s:\n", what)
	for _, cell := range cells {
		fmt.Fprintf(w, "    %s = %s\n", cell.Name, quoted(cell.Text))
	}
}

func quoted(text *string) string {
	if text == nil {
		return "NULL"
	}
	return fmt.Sprintf("%q", *text)
}
