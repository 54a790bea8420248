package csv

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"landfall/internal/connector/textfile"
)

// Writer writes rows so that reading them in the same format gives the same
// cells. Cells are quoted only where they must be.
type Writer struct {
	out      *bufio.Writer
	encoding *textfile.Encoding
	format   Format
	special  string // what a cell may not hold without quotes or escapes
	row      strings.Builder
	encoded  []byte
	begun    bool // something was written, so that no cell stands at the start
}

// NewWriter writes to out, beginning with a byte order mark or not; the caller
// calls Flush at the end.
func NewWriter(out io.Writer, format Format, encoding *textfile.Encoding, mark bool) *Writer {
	w := &Writer{out: bufio.NewWriter(out), encoding: encoding, format: format}
	w.special = format.Delimiter + format.Quote + format.Escape + "\n\r"
	if mark {
		w.row.WriteString(textfile.Mark)
	}
	return w
}

var errNoQuotes = errors.New("a cell holds a delimiter or line break, and the file has neither quotes nor escapes")

// Write writes one row. Its error may be that of an earlier row.
func (w *Writer) Write(cells []string) error {
	if !w.begun && len(cells) > 0 && w.format.Quote == "" && w.row.Len() == 0 && strings.HasPrefix(cells[0], textfile.Mark) {
		w.row.WriteString(textfile.Mark) // or the cell's own would pass for it
	}
	w.begun = true
	trailing := false
	for i, cell := range cells {
		if i > 0 {
			w.row.WriteString(w.format.Delimiter)
		}
		if err := w.cell(cell); err != nil {
			return err
		}
		trailing = strings.HasSuffix(cell, "\r")
	}
	switch {
	case w.format.CR:
		w.row.WriteByte('\r')
	case w.format.CRLF || trailing && w.format.Quote == "":
		w.row.WriteString("\r\n")
	default:
		w.row.WriteByte('\n')
	}
	var err error
	w.encoded, err = w.encoding.Encode(w.encoded[:0], w.row.String())
	w.row.Reset()
	if err != nil {
		return err
	}
	_, err = w.out.Write(w.encoded)
	return err
}

// cell also quotes what would read as a byte order mark at a file's start, and
// broken text, whose last byte must not join with what follows.
func (w *Writer) cell(cell string) error {
	if !strings.ContainsAny(cell, w.special) && !strings.HasPrefix(cell, textfile.Mark) && utf8.ValidString(cell) {
		w.row.WriteString(cell)
		return nil
	}
	if w.format.Quote == "" {
		return w.bare(cell)
	}
	w.row.WriteString(w.format.Quote)
	if w.format.Escape != "" {
		cell = strings.ReplaceAll(cell, w.format.Escape, w.format.Escape+w.format.Escape)
		cell = strings.ReplaceAll(cell, w.format.Quote, w.format.Escape+w.format.Quote)
	} else {
		cell = strings.ReplaceAll(cell, w.format.Quote, w.format.Quote+w.format.Quote)
	}
	w.row.WriteString(cell)
	w.row.WriteString(w.format.Quote)
	return nil
}

// bare writes a cell of a file without quotes.
func (w *Writer) bare(cell string) error {
	newline := string(w.format.newline())
	if w.format.Escape == "" {
		if strings.Contains(cell, w.format.Delimiter) || strings.Contains(cell, newline) {
			return errNoQuotes
		}
		w.row.WriteString(cell)
		return nil
	}
	for len(cell) > 0 {
		_, size := utf8.DecodeRuneInString(cell)
		if !w.format.CR && strings.HasPrefix(cell, "\r\n") {
			size = 2
		}
		character := cell[:size]
		if character == w.format.Delimiter || character == w.format.Escape || character == newline || !w.format.CR && character[0] == '\r' {
			w.row.WriteString(w.format.Escape)
		}
		w.row.WriteString(character)
		cell = cell[size:]
	}
	return nil
}

// Flush hands on what is buffered and returns the first error there was.
func (w *Writer) Flush() error {
	if w.row.Len() > 0 { // a mark and no rows
		w.encoded, _ = w.encoding.Encode(w.encoded[:0], w.row.String()) // encodings with a mark have all characters
		w.row.Reset()
		w.out.Write(w.encoded) // the error sticks
	}
	return w.out.Flush()
}
