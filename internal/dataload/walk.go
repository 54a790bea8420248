package dataload

import (
	"context"
	"errors"
	"fmt"
	"io"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
	"landfall/internal/source"
)

// walk goes through the input from record to record, forwards only, and has of
// each what was read and the bytes that it stands in. The files of a run are in
// the input's order, so one walk serves all of them.
type walk struct {
	reader source.Reader
	text   *textfile.Text
	at     int64 // the next byte of text
	rec    *record.Record
	start  int64 // of rec's bytes
	end    int64
	raw    []byte
	taken  bool // raw holds rec's bytes
}

func (in *input) walk(ctx context.Context) (*walk, error) {
	slices, err := in.origin.Slices(ctx)
	if err != nil {
		return nil, err
	}
	w := &walk{}
	if w.reader, err = in.origin.Read(ctx, slices[0], source.Position{}); err != nil {
		return nil, err
	}
	if w.text, err = in.file.Text(ctx, 0); err != nil {
		return nil, errors.Join(err, w.reader.Close())
	}
	w.at = w.text.Place(0)
	w.end = w.reader.Position().Offset
	return w, nil
}

// to reads up to a record by its number, which must not be behind.
func (w *walk) to(number int64) error {
	for w.rec == nil || w.rec.Number < number {
		w.start = w.end
		rec, _, err := w.reader.Read() // whatever is wrong with it, the run has told
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("record %d is not in the input any more", number)
		}
		if err != nil {
			return err
		}
		w.rec, w.end, w.taken = rec, w.reader.Position().Offset, false
	}
	if w.rec.Number != number {
		return fmt.Errorf("record %d is not in the input any more", number)
	}
	return nil
}

// cell is a cell of the record, or empty text where the row is too short.
func (w *walk) cell(at int) string {
	if at >= len(w.rec.Values) {
		return ""
	}
	return w.rec.Values[at].String()
}

// bytes are the record's own, with its line end as far as it has one.
func (w *walk) bytes() ([]byte, error) {
	if w.taken {
		return w.raw, nil
	}
	var err error
	w.raw, err = w.take(w.start, w.end)
	w.taken = err == nil
	return w.raw, err
}

// take reads bytes of the content, which must not be behind.
func (w *walk) take(start, end int64) ([]byte, error) {
	if _, err := io.CopyN(io.Discard, w.text, start-w.at); err != nil {
		return nil, err
	}
	w.at = start
	n := int(end - start)
	if cap(w.raw) < n {
		w.raw = make([]byte, n)
	}
	w.raw = w.raw[:n]
	read, err := io.ReadFull(w.text, w.raw)
	w.at += int64(read)
	return w.raw, err
}

func (w *walk) close() error { return errors.Join(w.reader.Close(), w.text.Close()) }
