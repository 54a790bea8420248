package csv

import "bytes"

// quoted reads a row in whose first line a quote stands. Indexes count from
// pos, which fill moves together with the bytes.
func (s *scanner) quoted() (*fault, error) {
	s.scratch, s.ends = s.scratch[:0], s.ends[:0]
	at := 0
	for {
		var bad *fault
		var err error
		if at < s.end-s.pos && s.buf[s.pos+at] == s.quote {
			at, bad, err = s.quotedCell(at)
		} else {
			at, err = s.bareCell(at)
		}
		if bad != nil || err != nil {
			return bad, err
		}
		s.ends = append(s.ends, len(s.scratch))
		if at >= s.eol {
			break
		}
		at++ // the delimiter
	}
	bad := s.checkText(s.buf[s.pos : s.pos+at])
	s.cutCells()
	s.consume(at)
	return bad, nil
}

// bareCell reads a cell without quotes around it; quotes inside are content.
// It returns where the delimiter or the line's end stands.
func (s *scanner) bareCell(at int) (int, error) {
	rest := s.buf[s.pos+at : s.pos+s.eol]
	if n := bytes.IndexByte(rest, s.delimiter); n >= 0 {
		s.scratch = append(s.scratch, rest[:n]...)
		return at + n, nil
	}
	s.scratch = append(s.scratch, trimCR(rest)...)
	return s.eol, nil
}

// quotedCell reads from the opening quote at `at` and returns where the
// delimiter or the line's end stands behind the closing one.
func (s *scanner) quotedCell(at int) (int, *fault, error) {
	opened, cell := at, len(s.scratch)
	at++
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
		s.scratch = append(s.scratch, s.buf[s.pos+at:s.pos+n]...)
		at = n + 1
		if at == s.end-s.pos {
			if _, err := s.fill(); err != nil {
				return 0, nil, err
			}
		}
		if at == s.end-s.pos || s.buf[s.pos+at] != s.quote {
			break
		}
		s.scratch = append(s.scratch, s.quote) // a doubled quote is one
		at++
	}
	if at > s.eol { // line breaks were inside, or the line's end lies ahead
		eol, err := s.findLineEnd(at)
		if err != nil {
			return 0, nil, err
		}
		if eol > s.limit {
			bad, err := s.tooLarge(-1)
			return 0, bad, err
		}
		s.eol = eol
	}
	rest := s.buf[s.pos+at : s.pos+s.eol]
	switch {
	case len(trimCR(rest)) == 0:
		return s.eol, nil, nil
	case rest[0] == s.delimiter:
		return at, nil, nil
	default:
		s.scratch = s.scratch[:cell]
		bad, err := s.garbage(at)
		return 0, bad, err
	}
}

// findQuote returns where the next quote stands, or -1 when the stream or the
// limit comes first.
func (s *scanner) findQuote(from int) (int, error) {
	for {
		if at := bytes.IndexByte(s.buf[s.pos+from:s.end], s.quote); at >= 0 {
			if from+at > s.limit { // how much is buffered must not matter
				return -1, nil
			}
			return from + at, nil
		}
		from = s.end - s.pos
		if from > s.limit {
			return -1, nil
		}
		if more, err := s.fill(); !more {
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
	if cap(s.scratch) > 4*bufferSize { // the long row is behind us
		s.scratch = nil
	}
}
