package csv

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// bufferSize is what a scanner holds of the file, except while it is in a
// record longer than that.
const bufferSize = 256 << 10

// maxRecord bounds the memory that one record may take; an unclosed quote
// would else read in the rest of the file.
const maxRecord = 64 << 20

// scanner takes rows from a stream of bytes and knows where it stands in it.
type scanner struct {
	in        io.Reader
	delimiter byte
	quote     byte
	limit     int   // bytes a record may have
	offset    int64 // bytes of the file before buf[pos]
	line      int64 // physical lines before buf[pos]

	buf      []byte
	pos, end int
	err      error // what ended the stream, io.EOF included

	cells   []string // of the row last read, reused
	scratch []byte   // contents of the cells of a row with quotes
	ends    []int    // where each of them ends in scratch
	eol     int      // in a row with quotes: the next line feed known
}

func newScanner(in io.Reader, format Format, offset, line int64) *scanner {
	return &scanner{
		in: in, delimiter: format.Delimiter, quote: format.Quote,
		limit: maxRecord, offset: offset, line: line,
		buf: make([]byte, bufferSize),
	}
}

// next reads a row into cells, which share one string; it returns what is
// wrong with it, if anything. Every error but io.EOF is the stream's.
func (s *scanner) next() (*fault, error) {
	s.cells = s.cells[:0]
	eol, err := s.findLineEnd(0)
	switch {
	case err != nil:
		return nil, err
	case eol > s.limit:
		return s.tooLarge(-1)
	case eol == 0 && s.pos == s.end:
		return nil, io.EOF
	}
	line := s.buf[s.pos : s.pos+eol]
	if bytes.IndexByte(line, s.quote) >= 0 {
		s.eol = eol
		return s.quoted()
	}
	bad := s.checkText(line)
	text := string(trimCR(line))
	for {
		at := strings.IndexByte(text, s.delimiter)
		if at < 0 {
			break
		}
		s.cells = append(s.cells, text[:at])
		text = text[at+1:]
	}
	s.cells = append(s.cells, text)
	s.consume(eol)
	return bad, nil
}

// findLineEnd returns where the first line feed at or behind from stands,
// counted from pos, or where the stream ends.
func (s *scanner) findLineEnd(from int) (int, error) {
	for {
		if at := bytes.IndexByte(s.buf[s.pos+from:s.end], '\n'); at >= 0 {
			return from + at, nil
		}
		from = s.end - s.pos
		if from > s.limit {
			return from, nil
		}
		if more, err := s.fill(); !more {
			return from, err
		}
	}
}

// fill reads on, moving what is unread to the front and making room when that
// fills the buffer. It answers false at the end of the stream.
func (s *scanner) fill() (more bool, err error) {
	if s.err != nil {
		return false, ignoreEOF(s.err)
	}
	unread := s.buf[s.pos:s.end]
	switch {
	case len(unread) > len(s.buf)/2 && len(s.buf) < s.limit+bufferSize:
		s.buf = make([]byte, min(len(s.buf)*2, s.limit+bufferSize))
	case len(s.buf) > 4*bufferSize && len(unread) < bufferSize:
		s.buf = make([]byte, bufferSize) // the long record is behind us
	}
	s.end = copy(s.buf, unread)
	s.pos = 0
	for range 100 { // io.Reader may return nothing for a while
		n, err := s.in.Read(s.buf[s.end:])
		s.end += n
		s.err = err
		if n > 0 {
			return true, nil
		}
		if err != nil {
			return false, ignoreEOF(err)
		}
	}
	s.err = io.ErrNoProgress
	return false, s.err
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// consume passes n bytes and the line feed behind them, if there is one.
func (s *scanner) consume(n int) {
	if s.pos+n < s.end {
		n++
	}
	s.line += int64(bytes.Count(s.buf[s.pos:s.pos+n], newline))
	s.offset += int64(n)
	s.pos += n
}

var newline = []byte{'\n'}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
