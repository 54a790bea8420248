package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
)

// RecordsFormat is a form in which records are written.
type RecordsFormat string

// The forms.
const (
	RecordsTable RecordsFormat = "table" // a line for people
	RecordsCSV   RecordsFormat = "csv"
	RecordsJSON  RecordsFormat = "jsonl"
)

// RecordsFormats lists them all.
var RecordsFormats = []string{string(RecordsTable), string(RecordsCSV), string(RecordsJSON)}

// RecordWriter writes records one after another.
type RecordWriter interface {
	Write(*Listed) error
	// Flush writes what is left; after it nothing may be written.
	Flush() error
}

// NewRecordWriter makes a writer. With values, CSV gets columns for them, which
// hold JSON objects.
func NewRecordWriter(w io.Writer, format RecordsFormat, values, severalRuns bool) (RecordWriter, error) {
	switch format {
	case RecordsCSV:
		header := []string{"run", "entity", "key", "record", "line", "disposition", "target_key", "role", "step", "field", "code", "message"}
		if values {
			header = append(header, "read", "before", "after")
		}
		out := &csvRecords{Writer: csv.NewWriter(w), values: values}
		return out, out.Writer.Write(header)
	case RecordsJSON:
		return &jsonRecords{json.NewEncoder(w)}, nil
	}
	return &lineRecords{w: w, runs: severalRuns}, nil
}

type csvRecords struct {
	*csv.Writer
	values bool
}

func (c *csvRecords) Write(r *Listed) error {
	row := []string{
		r.Run, r.Entity, r.Key, number(r.Number), number(r.Line), string(r.Disposition), r.TargetKey, r.Role, string(r.Step), r.Field, string(r.Code), r.Message,
	}
	if c.values {
		for _, cells := range [][]Cell{r.Read, r.Before, r.After} {
			row = append(row, objectText(cells))
		}
	}
	return c.Writer.Write(row)
}

func (c *csvRecords) Flush() error {
	c.Writer.Flush()
	return c.Error()
}

// objectText is cells as a JSON object in their order; empty for none.
func objectText(cells []Cell) string {
	if len(cells) == 0 {
		return ""
	}
	out := []byte{'{'}
	for i, cell := range cells {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(cell.Name) // texts always marshal
		text, _ := json.Marshal(cell.Text)
		out = append(append(append(out, name...), ':'), text...)
	}
	return string(append(out, '}'))
}

type jsonRecords struct{ *json.Encoder }

func (j *jsonRecords) Write(r *Listed) error { return j.Encode(r) }
func (j *jsonRecords) Flush() error          { return nil }

type lineRecords struct {
	w    io.Writer
	runs bool
}

func (l *lineRecords) Write(r *Listed) error {
	text := r.Ref + whereRead(Example{Ref: r.Ref, Number: r.Number, Line: r.Line}) + ": " + string(r.Disposition)
	if l.runs {
		text = r.Run + "  " + text
	}
	if r.Role != "" {
		text += " (" + r.Role + ")"
	}
	if r.TargetKey != "" {
		text += ", row " + r.TargetKey
	}
	if r.Code != "" {
		text += ", " + string(r.Code)
		if r.Field != "" {
			text += " in " + r.Field
		}
		text += ", at step " + string(r.Step)
	}
	if r.Message != "" {
		text += ": " + r.Message
	}
	_, err := fmt.Fprintln(l.w, text)
	return err
}

func (l *lineRecords) Flush() error { return nil }

// ExportRecords writes a file of records or of differences, whole or not at all.
// One with what is private can be read by its owner alone.
func ExportRecords(path string, private bool, write func(io.Writer) error) error {
	mode := openMode
	if private {
		mode = closedMode
	}
	return whole(path, mode, write)
}
