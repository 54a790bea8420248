package textfile

import (
	"bytes"
	"errors"
	"io"
)

// BufferSize is what a Window holds of the file, except while it is in a
// record longer than that.
const BufferSize = 256 << 10

// MaxRecord bounds the memory that one record may take; an unclosed quote
// would else read in the rest of the file.
const MaxRecord = 64 << 20

// Window is the part of a text that is buffered, and knows where it stands.
// Indexes of its methods count from Pos, which Fill moves together with the
// bytes.
type Window struct {
	Limit  int   // bytes a record may have
	Offset int64 // bytes of the text before Buf[Pos]
	Line   int64 // physical lines before Buf[Pos]

	Buf      []byte
	Pos, End int

	in      io.Reader
	places  Places
	newline []byte
	err     error // what ended the stream, io.EOF included
}

// Places tells where the bytes of a text stand in the file it was made from.
type Places interface {
	// Place may be asked for any place that Passed has not left behind.
	Place(offset int64) int64
	Passed(offset int64)
}

// NewWindow starts at the beginning of in, which may know Places, with so many
// lines before it. Lines end in newline alone.
func NewWindow(in io.Reader, newline byte, line int64) Window {
	w := Window{in: in, newline: []byte{newline}, Limit: MaxRecord, Line: line, Buf: make([]byte, BufferSize)}
	w.places, _ = in.(Places)
	return w
}

// LineEnd returns where the first line end at or behind from stands, or where
// the stream ends, or some place behind the limit.
func (w *Window) LineEnd(from int) (int, error) {
	for {
		if at := bytes.IndexByte(w.Buf[w.Pos+from:w.End], w.newline[0]); at >= 0 {
			return from + at, nil
		}
		from = w.End - w.Pos
		if from > w.Limit {
			return from, nil
		}
		if more, err := w.Fill(); !more {
			return from, err
		}
	}
}

// Fill reads on, moving what is unread to the front and making room when that
// fills the buffer. It answers false at the end of the stream.
func (w *Window) Fill() (more bool, err error) {
	if w.err != nil {
		return false, ignoreEOF(w.err)
	}
	if w.places != nil {
		w.places.Passed(w.Offset)
	}
	unread := w.Buf[w.Pos:w.End]
	switch {
	case len(unread) > len(w.Buf)/2 && len(w.Buf) < w.Limit+BufferSize:
		w.Buf = make([]byte, min(len(w.Buf)*2, w.Limit+BufferSize))
	case len(w.Buf) > 4*BufferSize && len(unread) < BufferSize:
		w.Buf = make([]byte, BufferSize) // the long record is behind us
	}
	w.End = copy(w.Buf, unread)
	w.Pos = 0
	for range 100 { // io.Reader may return nothing for a while
		n, err := w.in.Read(w.Buf[w.End:])
		w.End += n
		w.err = err
		if n > 0 {
			return true, nil
		}
		if err != nil {
			return false, ignoreEOF(err)
		}
	}
	w.err = io.ErrNoProgress
	return false, w.err
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Has reports whether what stands at the place, reading on when it must.
func (w *Window) Has(at int, what []byte) (bool, error) {
	for w.End-w.Pos-at < len(what) {
		if more, err := w.Fill(); !more {
			return false, err
		}
	}
	return bytes.HasPrefix(w.Buf[w.Pos+at:w.End], what), nil
}

// Consume passes n bytes and the line end behind them, if there is one.
func (w *Window) Consume(n int) {
	if w.Pos+n < w.End {
		n++
	}
	w.ConsumeOnly(n)
}

// ConsumeLine passes n bytes without a line end in them, and the line end behind
// them, if there is one.
func (w *Window) ConsumeLine(n int) {
	if w.Pos+n < w.End {
		n++
		w.Line++
	}
	w.Offset += int64(n)
	w.Pos += n
}

// ConsumeOnly passes n bytes and no more.
func (w *Window) ConsumeOnly(n int) {
	w.Line += int64(bytes.Count(w.Buf[w.Pos:w.Pos+n], w.newline))
	w.Offset += int64(n)
	w.Pos += n
}

// SkipLine passes everything up to and with the next line end.
func (w *Window) SkipLine() error {
	for {
		if at := bytes.IndexByte(w.Buf[w.Pos:w.End], w.newline[0]); at >= 0 {
			w.Consume(at)
			return nil
		}
		w.ConsumeOnly(w.End - w.Pos)
		if more, err := w.Fill(); !more {
			return err
		}
	}
}

// LineOf is the physical line on which the place stands.
func (w *Window) LineOf(at int) int64 {
	return w.Line + int64(bytes.Count(w.Buf[w.Pos:w.Pos+at], w.newline)) + 1
}

// Place is where Buf[Pos+at] stands in the file's own bytes.
func (w *Window) Place(at int) int64 {
	if w.places == nil {
		return w.Offset + int64(at)
	}
	return w.places.Place(w.Offset + int64(at))
}
