package csv

import (
	"bufio"
	"io"
	"strings"
)

// Writer writes rows so that reading them in the same format gives the same
// cells. Cells are quoted only where they must be.
type Writer struct {
	out     *bufio.Writer
	format  Format
	special string // what a cell may not hold without quotes
}

// NewWriter writes to out; the caller calls Flush at the end.
func NewWriter(out io.Writer, format Format) *Writer {
	w := &Writer{out: bufio.NewWriter(out), format: format}
	w.special = string([]byte{format.Delimiter, format.Quote, '\n', '\r'})
	if format.BOM {
		w.out.Write(bom) // the error sticks until Flush
	}
	return w
}

// Write writes one row. Its error may be that of an earlier row.
func (w *Writer) Write(cells []string) error {
	for i, cell := range cells {
		if i > 0 {
			w.out.WriteByte(w.format.Delimiter)
		}
		w.cell(cell)
	}
	if w.format.CRLF {
		w.out.WriteByte('\r')
	}
	return w.out.WriteByte('\n')
}

// cell also quotes what would read as a byte order mark at a file's start.
func (w *Writer) cell(cell string) {
	if !strings.ContainsAny(cell, w.special) && !strings.HasPrefix(cell, string(bom)) {
		w.out.WriteString(cell)
		return
	}
	w.out.WriteByte(w.format.Quote)
	for {
		at := strings.IndexByte(cell, w.format.Quote)
		if at < 0 {
			break
		}
		w.out.WriteString(cell[:at+1])
		w.out.WriteByte(w.format.Quote)
		cell = cell[at+1:]
	}
	w.out.WriteString(cell)
	w.out.WriteByte(w.format.Quote)
}

// Flush hands on what is buffered and returns the first error there was.
func (w *Writer) Flush() error { return w.out.Flush() }
