package plan

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"landfall/internal/record"
	"landfall/internal/run"
)

// line is a line of the records' file: JSON, compressed. A line that names an
// entity says that the records after it are of that slice of it.
type line struct {
	Entity string `json:"entity,omitempty"`
	Slice  int    `json:"slice,omitempty"`
	Name   string `json:"name,omitempty"` // of the slice

	Key     string             `json:"k,omitempty"`
	Number  int64              `json:"n,omitempty"`
	Line    int64              `json:"l,omitempty"`
	Content *record.Hash       `json:"c,omitempty"`
	End     record.Disposition `json:"d,omitempty"`
	Step    record.Step        `json:"step,omitempty"`
	Code    record.Code        `json:"code,omitempty"`
	Field   string             `json:"field,omitempty"`
	Message string             `json:"why,omitempty"`
	// First is the end at the time when the batch lands, where it is another one.
	First   *first       `json:"first,omitempty"`
	Seen    *record.Hash `json:"seen,omitempty"`
	Footing []byte       `json:"on,omitempty"`
	Changes []change     `json:"changes,omitempty"`
}

type first struct {
	End  record.Disposition `json:"d"`
	Step record.Step        `json:"step,omitempty"`
	Code record.Code        `json:"code,omitempty"`
}

type change struct {
	Column  string  `json:"column"`
	Before  *string `json:"before"`
	After   *string `json:"after"`
	Private bool    `json:"private,omitempty"`
	Erases  bool    `json:"erases,omitempty"`
	NewKey  bool    `json:"new_key,omitempty"`
}

// lineOf is the line of a record.
func lineOf(f *run.Forecast) *line {
	l := &line{
		Key: f.Ref.Key, Number: f.Number, Line: f.Line, Content: &f.Content,
		End: f.Disposition, Step: f.Step, Code: f.Code, Field: f.Field, Message: f.Message,
	}
	if f.First != nil {
		l.First = &first{f.First.Disposition, f.First.Step, f.First.Code}
	}
	l.Footing = f.Footing
	if f.HasSeen {
		l.Seen = &f.Seen
	}
	for _, c := range f.Changes {
		l.Changes = append(l.Changes, change(c))
	}
	return l
}

func (l *line) forecast(entity string, slice int) *run.Forecast {
	f := &run.Forecast{
		Ref: record.Ref{Entity: entity, Key: l.Key}, Slice: slice, Number: l.Number, Line: l.Line,
		End: run.End{Disposition: l.End, Step: l.Step, Code: l.Code, Field: l.Field, Message: l.Message},
	}
	f.Footing = l.Footing
	if l.Content != nil {
		f.Content = *l.Content
	}
	if l.First != nil {
		f.First = &run.End{Disposition: l.First.End, Step: l.First.Step, Code: l.First.Code}
	}
	if l.Seen != nil {
		f.Seen, f.HasSeen = *l.Seen, true
	}
	for _, c := range l.Changes {
		f.Changes = append(f.Changes, run.FieldChange(c))
	}
	return f
}

// recordsWriter writes the records' file.
type recordsWriter struct {
	packed *zstd.Encoder
	out    *json.Encoder
	entity string
	slice  int
}

func newRecordsWriter(w io.Writer) (*recordsWriter, error) {
	// One goroutine, so that equal records make equal files.
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	out := json.NewEncoder(packed)
	out.SetEscapeHTML(false)
	return &recordsWriter{packed: packed, out: out, slice: -1}, nil
}

func (w *recordsWriter) add(f *run.Forecast, sliceName string) error {
	if f.Ref.Entity != w.entity || f.Slice != w.slice {
		w.entity, w.slice = f.Ref.Entity, f.Slice
		if err := w.out.Encode(&line{Entity: w.entity, Slice: w.slice, Name: sliceName}); err != nil {
			return err
		}
	}
	return w.out.Encode(lineOf(f))
}

// Records reads a records' file from its beginning.
type Records struct {
	file   *os.File
	packed *zstd.Decoder
	in     *bufio.Reader
	entity string
	slice  int
}

// OpenRecords opens the records of a plan file.
func OpenRecords(path string) (*Records, error) {
	file, err := os.Open(RecordsFile(path))
	if err != nil {
		return nil, fmt.Errorf("%w: the records of %s: %w", ErrNoPlan, path, err)
	}
	packed, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Records{file: file, packed: packed, in: bufio.NewReaderSize(packed, 256<<10)}, nil
}

// Next yields the next record, or io.EOF.
func (r *Records) Next() (*run.Forecast, error) {
	for {
		text, err := r.in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrNoPlan, r.file.Name(), err)
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrNoPlan, r.file.Name(), err)
		}
		if l.Entity != "" {
			r.entity, r.slice = l.Entity, l.Slice
			continue
		}
		return l.forecast(r.entity, r.slice), nil
	}
}

// enter goes on with the slice that a line names.
func (r *Records) enter(text []byte) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNoPlan, r.file.Name(), err)
	}
	r.entity, r.slice = l.Entity, l.Slice
	return nil
}

// Close closes the file.
func (r *Records) Close() error {
	r.packed.Close()
	return r.file.Close()
}
