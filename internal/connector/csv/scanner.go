package csv

import (
	"io"
	"strings"

	"landfall/internal/connector/textfile"
)

// scanner takes rows from a text and knows where it stands in it.
type scanner struct {
	textfile.Window

	delimiter mark
	quote     mark
	escape    mark
	crlf      bool // a CR before a line end belongs to it

	cells   []string // of the row last read, reused
	scratch []byte   // contents of the cells of a row with quotes
	ends    []int    // where each of them ends in scratch
	eol     int      // in a row with quotes: the next line end known
}

func newScanner(in io.Reader, format Format, line int64) *scanner {
	return &scanner{
		Window:    textfile.NewWindow(in, format.newline(), line),
		delimiter: newMark(format.Delimiter), quote: newMark(format.Quote), escape: newMark(format.Escape),
		crlf: !format.CR,
	}
}

// next reads a row into cells, which share one string; it returns what is
// wrong with it, if anything. Every error but io.EOF is the stream's.
func (s *scanner) next() (*textfile.Fault, error) {
	s.cells = s.cells[:0]
	eol, err := s.LineEnd(0)
	switch {
	case err != nil:
		return nil, err
	case eol > s.Limit:
		return s.TooLarge()
	case eol == 0 && s.Pos == s.End:
		return nil, io.EOF
	}
	line := s.Buf[s.Pos : s.Pos+eol]
	if s.special(line) {
		s.eol = eol
		return s.quoted()
	}
	bad := s.CheckText(eol)
	text := string(s.trim(line))
	for {
		at := 0
		if s.delimiter.single != 0 {
			at = strings.IndexByte(text, s.delimiter.single)
		} else {
			at = strings.Index(text, s.delimiter.text)
		}
		if at < 0 {
			break
		}
		s.cells = append(s.cells, text[:at])
		text = text[at+len(s.delimiter.text):]
	}
	s.cells = append(s.cells, text)
	s.ConsumeLine(eol)
	return bad, nil
}

// special reports whether cells cannot simply be cut at the delimiters.
func (s *scanner) special(line []byte) bool {
	return s.quote.in(line) >= 0 || s.escape.in(line) >= 0
}

// trim cuts off the CR of a line end.
func (s *scanner) trim(line []byte) []byte {
	if n := len(line); s.crlf && n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
