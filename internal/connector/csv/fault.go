package csv

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"landfall/internal/record"
)

// fault is what is wrong with a row: a code, the physical line where it shows,
// and words to follow "line 17".
type fault struct {
	code record.Code
	line int64
	what string
}

// checkText finds the first byte of the row that is not UTF-8.
func (s *scanner) checkText(row []byte) *fault {
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
	return &fault{
		code: record.CodeBadEncoding,
		line: s.line + int64(bytes.Count(row[:at], newline)) + 1,
		what: fmt.Sprintf("is not UTF-8 text at byte %d of the file", s.offset+int64(at)),
	}
}

// garbage ends a row where something follows a closing quote; reading goes on
// with the next line.
func (s *scanner) garbage(at int) (*fault, error) {
	s.cutCells()
	line := s.line + int64(bytes.Count(s.buf[s.pos:s.pos+at], newline)) + 1
	s.consume(s.eol)
	return &fault{
		code: record.CodeBadRow,
		line: line,
		what: fmt.Sprintf("has text after the closing quote of cell %d; a quote inside of quotes is written twice", len(s.cells)+1),
	}, nil
}

// unclosed ends a row whose last quote stays open until the end of the file or
// the limit.
func (s *scanner) unclosed(opened int) (*fault, error) {
	if s.end-s.pos > s.limit {
		return s.tooLarge(opened)
	}
	s.cutCells()
	line := s.line + int64(bytes.Count(s.buf[s.pos:s.pos+opened], newline)) + 1
	s.consume(s.end - s.pos)
	return &fault{
		code: record.CodeBadRow,
		line: line,
		what: fmt.Sprintf("opens a quote in cell %d that is never closed", len(s.cells)+1),
	}, nil
}

// tooLarge ends a row at the limit; reading goes on with the next line. A quote
// that is still open is the likely cause.
func (s *scanner) tooLarge(opened int) (*fault, error) {
	if opened >= 0 {
		s.cutCells()
	}
	bad := &fault{
		code: record.CodeBadRow,
		line: s.line + 1,
		what: fmt.Sprintf("starts a row of more than %s", size(s.limit)),
	}
	if opened >= 0 {
		bad.line += int64(bytes.Count(s.buf[s.pos:s.pos+opened], newline))
		bad.what = fmt.Sprintf("opens a quote in cell %d that is not closed within %s", len(s.cells)+1, size(s.limit))
	}
	s.consumeOnly(s.limit)
	for {
		at := bytes.IndexByte(s.buf[s.pos:s.end], '\n')
		if at >= 0 {
			s.consume(at)
			return bad, nil
		}
		s.consumeOnly(s.end - s.pos)
		if more, err := s.fill(); !more {
			return bad, err
		}
	}
}

// consumeOnly passes n bytes and no more.
func (s *scanner) consumeOnly(n int) {
	s.line += int64(bytes.Count(s.buf[s.pos:s.pos+n], newline))
	s.offset += int64(n)
	s.pos += n
}

func size(n int) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
