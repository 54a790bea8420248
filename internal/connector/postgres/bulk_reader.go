package postgres

import (
	"errors"
	"io"
	"sync"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

const (
	// copyBuffer is how many bytes of rows are encoded ahead of the connection.
	copyBuffer = 128 << 10
	// largest is the size that no value of PostgreSQL reaches.
	largest = 1 << 30
)

// errTooLarge is said before any byte of the value is sent.
var errTooLarge = errors.New("a value of 1 GiB or more, which PostgreSQL cannot hold")

// copyReader encodes rows as they are read. The connection reads it from a
// goroutine of its own, which on a broken connection may outlive the call; the
// lock keeps it from touching the rows after that.
type copyReader struct {
	mu      sync.Mutex
	source  sqldb.RowSource
	forms   []form // nil for text
	stopped bool
	buf     []byte
	at      int
	rows    int
	left    []record.Value // the row at which binary ended, having no binary form
	err     error
}

func newCopyReader(buf []byte, source sqldb.RowSource, forms []form) *copyReader {
	if forms != nil {
		buf = append(buf, binaryHeader...)
	}
	return &copyReader{source: source, forms: forms, buf: buf}
}

// stop ends the reading and returns the buffer, for which there is no use here
// any more, and why the rows could not be encoded, if so.
func (r *copyReader) stop() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	buf := r.buf
	r.stopped, r.buf, r.at = true, nil, 0
	return buf, r.err
}

// Read fills p with whole or partial rows.
func (r *copyReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == len(r.buf) {
		r.buf, r.at = r.buf[:0], 0
		r.fill()
	}
	if r.at == len(r.buf) {
		if r.err != nil {
			return 0, r.err
		}
		return 0, io.EOF
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

func (r *copyReader) fill() {
	for !r.stopped && len(r.buf) < copyBuffer-copyBuffer/8 {
		row := r.source()
		if row == nil {
			r.end()
			return
		}
		before, ok := len(r.buf), false
		if r.forms != nil {
			r.buf, ok = appendBinaryRow(r.buf, r.forms, row)
		} else {
			r.buf, ok = appendRow(r.buf, row)
		}
		if ok {
			r.rows++
			continue
		}
		r.buf = r.buf[:before]
		if r.forms != nil {
			r.left = row // the source is not asked again before it is sent
		} else {
			r.err = errTooLarge
		}
		r.end()
	}
}

func (r *copyReader) end() {
	r.stopped = true
	if r.forms != nil {
		r.buf = append(r.buf, binaryTrailer...)
	}
}
