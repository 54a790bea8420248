package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
	"landfall/internal/source"
)

// asItIs makes a record of a line that could not be taken apart. It has the
// whole line and another number of values than there are columns, by which a
// writer knows it.
func (r *reader) asItIs(line string, at int64) *record.Record {
	width := 1
	if len(r.origin.columns) == 1 {
		width = 2
	}
	rec := r.slab.Record(r.origin.entity, r.number, at, width)
	rec.Values[0] = record.Text(line)
	if width > 1 {
		rec.Values[1] = record.Null()
	}
	return rec
}

// rowWriter writes cells as they were read.
type rowWriter struct {
	out      *bufio.Writer
	encoding *textfile.Encoding
	names    [][]byte // as JSON
	lineEnd  string
	line     bytes.Buffer
	encoded  []byte
}

// Rewrite starts a file in the encoding of the first one; it is never packed.
func (o *Origin) Rewrite(w io.Writer) (source.RowWriter, error) {
	like := o.set.Files[0]
	out := &rowWriter{out: bufio.NewWriter(w), encoding: like.Encoding, lineEnd: "\n"}
	if o.crlf {
		out.lineEnd = "\r\n"
	}
	for _, name := range o.columns {
		out.names = append(out.names, quoted(name))
	}
	if like.Marked {
		mark, err := like.Encoding.Encode(nil, textfile.Mark)
		if err != nil {
			return nil, err
		}
		out.out.Write(mark) // the error sticks until Flush
	}
	return out, nil
}

// quoted is a string as JSON, without HTML's escapes.
func quoted(text string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always marshals
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Write writes one object of texts, or a line as it came.
func (w *rowWriter) Write(cells []string) error {
	line := ""
	if len(cells) != len(w.names) {
		line = strings.Join(cells[:min(1, len(cells))], "")
	} else {
		line = w.object(cells)
	}
	line += w.lineEnd
	var err error
	if w.encoded, err = w.encoding.Encode(w.encoded[:0], line); err != nil {
		// What stood there as \u followed by digits need not be in the encoding.
		if w.encoded, err = w.encoding.Encode(w.encoded[:0], escapeAll(line)); err != nil {
			return err
		}
	}
	_, err = w.out.Write(w.encoded)
	return err
}

func (w *rowWriter) object(cells []string) string {
	w.line.Reset()
	for i, cell := range cells {
		w.line.WriteByte("{,"[min(i, 1)])
		w.line.Write(w.names[i])
		w.line.WriteByte(':')
		if cell == "" {
			w.line.WriteString("null")
		} else {
			w.line.Write(quoted(cell))
		}
	}
	w.line.WriteByte('}')
	return w.line.String()
}

// escapeAll writes every character outside of ASCII as JSON escapes.
func escapeAll(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
		case r > 0xFFFF:
			first, second := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, first, second)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Flush hands on what is buffered and returns the first error there was.
func (w *rowWriter) Flush() error { return w.out.Flush() }
