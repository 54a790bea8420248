package report

import (
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/run"
)

// What stands in place of a private value. NULL is shown as it is.
const (
	privateText    = "(private)"
	privateChanged = "(private, changed)"
)

// Unveil lets a trace show its private values.
func Unveil(t *run.Trace) {
	t.Private = nil
	for i := range t.Fields {
		t.Fields[i].Private = false
	}
}

// veilFields masks what fields took and made.
func veilFields(fields []mapping.FieldTrace) []mapping.FieldTrace {
	shown := append([]mapping.FieldTrace(nil), fields...)
	for i := range shown {
		f := &shown[i]
		if !f.Private {
			continue
		}
		f.Input = append([]string(nil), f.Input...)
		for j := range f.Input {
			f.Input[j] = veilText(f.Input[j])
		}
		f.Output = veilText(f.Output)
	}
	return shown
}

func veilText(text string) string {
	if text == "NULL" || text == "" || text == `""` {
		return text
	}
	return privateText
}

// Veil masks the private values of an entity's record, in each run as the run
// and the mapping of now call them private.
func (s *Story) Veil(v *Veils, entity string) {
	for i := range s.Chapters {
		c := &s.Chapters[i]
		veil := v.OfRun(entity, c.Run)
		veilCells(c.Read, veil.Read(c.Code))
		c.Before, c.After = veilRows(c.Before, c.After, veil.Target)
	}
}

// Veil masks the private values of a record.
func (r *Listed) Veil(veil *Veil) {
	veilCells(r.Read, veil.Read(r.Code))
	r.Before, r.After = veilRows(r.Before, r.After, veil.Target)
}

func veilCells(cells []Cell, private func(column string) bool) {
	for i := range cells {
		if private(cells[i].Name) && cells[i].Text != nil {
			cells[i].Text = told(privateText)
		}
	}
}

// veilRows masks a row before and after, and tells that a value changed.
func veilRows(before, after []Cell, private func(column string) bool) ([]Cell, []Cell) {
	was := make(map[string]*string, len(before))
	for _, cell := range before {
		was[cell.Name] = cell.Text
	}
	before, after = append([]Cell(nil), before...), append([]Cell(nil), after...)
	for i := range after {
		cell := &after[i]
		text, known := was[cell.Name]
		if !private(cell.Name) || cell.Text == nil {
			continue
		}
		if known && text != nil && *text != *cell.Text {
			cell.Text = told(privateChanged)
		} else {
			cell.Text = told(privateText)
		}
	}
	veilCells(before, private)
	return before, after
}

func told(text string) *string { return &text }

// veilSource masks the cells of a record that a file shows.
func veilSource(header []string, cells []string, private func(column string) bool) []string {
	shown := append([]string(nil), cells...)
	for i := range shown {
		column := "" // of a cell beyond the header
		if i < len(header) {
			column = header[i]
		}
		if shown[i] != "" && private(column) {
			shown[i] = privateText
		}
	}
	return shown
}

// privateIn reports whether one of a record's columns is private.
func privateIn(stored *ledger.Entity, veil *Veil) bool {
	return slices.ContainsFunc(stored.Header, veil.Source)
}
