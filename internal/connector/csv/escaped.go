package csv

import (
	"bytes"

	"landfall/internal/connector/textfile"
)

// unescape takes the content of a quoted cell from `at` to the quote at
// `quote`, and reports whether that quote is escaped. An escape stands before
// a quote or another escape; before anything else it is content.
func (s *scanner) unescape(at, quote int) (escaped bool) {
	content := s.Buf[s.Pos+at : s.Pos+quote]
	for {
		n := s.escape.in(content)
		if n < 0 {
			break
		}
		s.scratch = append(s.scratch, content[:n]...)
		content = content[n+len(s.escape.text):]
		if len(content) == 0 {
			return true
		}
		s.scratch = append(s.scratch, s.escape.text...)
		content = bytes.TrimPrefix(content, s.escape.bytes)
	}
	s.scratch = append(s.scratch, content...)
	return false
}

// bareCell reads a cell without quotes around it; quotes inside are content. It
// returns where the delimiter or the line's end stands. An escape takes its
// meaning from a delimiter, a line break, a quote or another escape; before
// anything else it is content.
func (s *scanner) bareCell(at int) (int, *textfile.Fault, error) {
	end := s.bareEnd(at)
	for {
		rest := s.Buf[s.Pos+at : s.Pos+end]
		n := s.escape.in(rest)
		if n < 0 {
			if end == s.eol {
				rest = s.trim(rest)
			}
			s.scratch = append(s.scratch, rest...)
			return end, nil, nil
		}
		s.scratch = append(s.scratch, rest[:n]...)
		at += n + len(s.escape.text)
		taken := s.escapedLength(at)
		if taken == 0 {
			s.scratch = append(s.scratch, s.escape.text...)
			continue
		}
		s.scratch = append(s.scratch, s.Buf[s.Pos+at:s.Pos+at+taken]...)
		at += taken
		if at > s.eol {
			if bad, err := s.moveLineEnd(at); bad != nil || err != nil {
				return 0, bad, err
			}
		}
		if at > end {
			end = s.bareEnd(at)
		}
	}
}

// bareEnd finds the delimiter or the line's end.
func (s *scanner) bareEnd(at int) int {
	if n := s.delimiter.in(s.Buf[s.Pos+at : s.Pos+s.eol]); n >= 0 {
		return at + n
	}
	return s.eol
}

// escapedLength is how many bytes an escape before them makes content.
func (s *scanner) escapedLength(at int) int {
	rest := s.Buf[s.Pos+at : s.Pos+s.eol]
	lineEnd := s.Pos+s.eol < s.End // and not the end of the file
	switch {
	case len(rest) == 0 && lineEnd:
		return 1
	case len(rest) == 0:
		return 0
	case s.crlf && rest[0] == '\r' && len(rest) == 1 && lineEnd:
		return 2
	case s.crlf && rest[0] == '\r':
		return 1
	}
	for _, special := range []*mark{&s.delimiter, &s.escape, &s.quote} {
		if special.begins(rest) {
			return len(special.text)
		}
	}
	return 0
}
