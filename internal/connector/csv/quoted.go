package csv

import (
	"fmt"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
)

// quoted reads a row in whose first line a quote or escape stands. Indexes
// count from Pos, which Fill moves together with the bytes.
func (s *scanner) quoted() (*textfile.Fault, error) {
	s.scratch, s.ends = s.scratch[:0], s.ends[:0]
	at := 0
	for {
		var bad *textfile.Fault
		var err error
		if s.quote.begins(s.Buf[s.Pos+at : s.End]) {
			at, bad, err = s.quotedCell(at)
		} else {
			at, bad, err = s.bareCell(at)
		}
		if bad != nil || err != nil {
			return bad, err
		}
		s.ends = append(s.ends, len(s.scratch))
		if at >= s.eol {
			break
		}
		at += len(s.delimiter.text)
	}
	bad := s.CheckText(at)
	s.cutCells()
	s.Consume(at)
	return bad, nil
}

// quotedCell reads from the opening quote at `at` and returns where the
// delimiter or the line's end stands behind the closing one.
func (s *scanner) quotedCell(at int) (int, *textfile.Fault, error) {
	opened, cell := at, len(s.scratch)
	at += len(s.quote.text)
	for {
		n, err := s.findQuote(at)
		if err != nil {
			return 0, nil, err
		}
		if n < 0 {
			s.scratch = s.scratch[:cell]
			bad, err := s.unclosed(opened)
			return 0, bad, err
		}
		escaped := false
		if s.escape.text == "" {
			s.scratch = append(s.scratch, s.Buf[s.Pos+at:s.Pos+n]...)
		} else {
			escaped = s.unescape(at, n)
		}
		at = n + len(s.quote.text)
		if escaped {
			s.scratch = append(s.scratch, s.quote.text...)
			continue
		}
		doubled := s.quote.begins(s.Buf[s.Pos+at : s.End])
		if !doubled && s.Pos+at+len(s.quote.text) > s.End { // it may lie ahead
			if doubled, err = s.Has(at, s.quote.bytes); err != nil {
				return 0, nil, err
			}
		}
		if !doubled {
			break
		}
		s.scratch = append(s.scratch, s.quote.text...)
		at += len(s.quote.text)
	}
	if at > s.eol { // line breaks were inside, or the line's end lies ahead
		bad, err := s.moveLineEnd(at)
		if bad != nil || err != nil {
			return 0, bad, err
		}
	}
	rest := s.Buf[s.Pos+at : s.Pos+s.eol]
	switch {
	case len(s.trim(rest)) == 0:
		return s.eol, nil, nil
	case s.delimiter.begins(rest):
		return at, nil, nil
	default:
		s.scratch = s.scratch[:cell]
		bad, err := s.garbage(at)
		return 0, bad, err
	}
}

// moveLineEnd looks for the line's end at or behind the place.
func (s *scanner) moveLineEnd(from int) (*textfile.Fault, error) {
	eol, err := s.LineEnd(from)
	if err == nil && eol > s.Limit {
		s.cells = s.cells[:0]
		return s.TooLarge()
	}
	s.eol = eol
	return nil, err
}

// findQuote returns where the next quote stands, or -1 when the stream or the
// limit comes first.
func (s *scanner) findQuote(from int) (int, error) {
	for {
		if at := s.quote.in(s.Buf[s.Pos+from : s.End]); at >= 0 {
			if from+at > s.Limit { // how much is buffered must not matter
				return -1, nil
			}
			return from + at, nil
		}
		from = max(from, s.End-s.Pos-len(s.quote.text)+1) // half of one may be there
		if from > s.Limit {
			return -1, nil
		}
		if more, err := s.Fill(); !more {
			return -1, err
		}
	}
}

// cutCells makes the cells of one string.
func (s *scanner) cutCells() {
	text, start := string(s.scratch), 0
	for _, end := range s.ends {
		s.cells = append(s.cells, text[start:end])
		start = end
	}
	if cap(s.scratch) > 4*textfile.BufferSize { // the long row is behind us
		s.scratch = nil
	}
}

// garbage ends a row where something follows a closing quote; reading goes on
// with the next line.
func (s *scanner) garbage(at int) (*textfile.Fault, error) {
	s.cutCells()
	line := s.LineOf(at)
	s.Consume(s.eol)
	return &textfile.Fault{
		Code: record.CodeBadRow,
		Line: line,
		What: fmt.Sprintf("has text after the closing quote of cell %d; a quote inside of quotes is written twice", len(s.cells)+1),
	}, nil
}

// unclosed ends a row whose last quote stays open until the end of the file or
// the limit. Then reading goes on with the next line: the open quote is the
// likely cause.
func (s *scanner) unclosed(opened int) (*textfile.Fault, error) {
	s.cutCells()
	bad := &textfile.Fault{Code: record.CodeBadRow, Line: s.LineOf(opened)}
	if s.End-s.Pos > s.Limit {
		bad.What = fmt.Sprintf("opens a quote in cell %d that is not closed within %s", len(s.cells)+1, textfile.Size(s.Limit))
		return bad, s.PassLimit()
	}
	bad.What = fmt.Sprintf("opens a quote in cell %d that is never closed", len(s.cells)+1)
	s.Consume(s.End - s.Pos)
	return bad, nil
}
