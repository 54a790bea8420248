package textfile

import (
	"fmt"
	"unicode/utf8"

	"landfall/internal/record"
)

// Fault is what is wrong with a row: a code, the physical line where it shows,
// and words to follow "line 17"; for bad bytes their place in the file instead.
type Fault struct {
	Code record.Code
	Line int64
	What string
	Byte int64
}

// CheckText finds the first of the next n bytes that is not text.
func (w *Window) CheckText(n int) *Fault {
	row := w.Buf[w.Pos : w.Pos+n]
	if utf8.Valid(row) {
		return nil
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(row[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return &Fault{Code: record.CodeBadEncoding, Line: w.LineOf(at), Byte: w.Place(at)}
}

// TooLarge passes a row that reaches the limit, and the line on which that is.
func (w *Window) TooLarge() (*Fault, error) {
	bad := &Fault{Code: record.CodeBadRow, Line: w.Line + 1, What: "starts a row of more than " + Size(w.Limit)}
	return bad, w.PassLimit()
}

// PassLimit passes as much as a record may have and the rest of its last line.
func (w *Window) PassLimit() error {
	w.ConsumeOnly(w.Limit)
	return w.SkipLine()
}

// Size says a number of bytes.
func Size(n int) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// Words says what is wrong, to follow "line 17".
func (f *File) Words(bad *Fault) string {
	if bad.What != "" {
		return bad.What
	}
	return fmt.Sprintf("is not %s text at byte %d of the %s", f.Encoding.Name, bad.Byte, f.Counted())
}

// Counted is what the bytes of places are counted in.
func (f *File) Counted() string {
	if f.packed != nil {
		return "unpacked file"
	}
	return "file"
}

// Reject makes the rejection of a record that was read.
func (f *File) Reject(rec *record.Record, bad *Fault) *record.Rejection {
	place := fmt.Sprintf("record %d", rec.Number)
	if bad.Line != rec.Line {
		place = fmt.Sprintf("record %d, which starts on line %d", rec.Number, rec.Line)
	}
	return &record.Rejection{
		Ref:  rec.Ref,
		Step: record.StepRead,
		Code: bad.Code,
		Err:  fmt.Errorf("%s: line %d (%s) %s", f.Base, bad.Line, place, f.Words(bad)),
	}
}
