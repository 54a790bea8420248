package postgres

import (
	"context"
	"io"
	"strings"
	"sync"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// copyBuffer is how many bytes of rows are encoded ahead of the connection.
const copyBuffer = 128 << 10

// BulkInsert writes rows with COPY, which takes explicit values of identity
// columns as they are.
func (tx *transaction) BulkInsert(ctx context.Context, table sqldb.Name, columns []sqldb.Column, source sqldb.RowSource) (int64, error) {
	var sql strings.Builder
	sql.WriteString("COPY " + tx.db.dialect.QuoteName(table) + " (")
	for i, column := range columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(tx.db.dialect.Quote(column.Name))
	}
	sql.WriteString(") FROM STDIN")
	reader := &copyReader{source: source, buf: make([]byte, 0, copyBuffer)}
	defer reader.stop()
	tag, err := tx.db.conn.CopyFrom(ctx, reader, sql.String())
	if err != nil {
		return 0, tx.db.wrap(ctx, err)
	}
	return tag.RowsAffected(), nil
}

// copyReader encodes rows as they are read. The connection reads it from a
// goroutine of its own, which on a broken connection may outlive the call; the
// lock keeps it from touching the rows after that.
type copyReader struct {
	mu      sync.Mutex
	source  sqldb.RowSource
	stopped bool
	buf     []byte
	at      int
}

func (r *copyReader) stop() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
}

// Read fills p with whole or partial lines of COPY's text format.
func (r *copyReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == len(r.buf) {
		r.fill()
	}
	if r.at == len(r.buf) {
		return 0, io.EOF
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

func (r *copyReader) fill() {
	r.buf, r.at = r.buf[:0], 0
	for !r.stopped && len(r.buf) < copyBuffer-copyBuffer/8 {
		row := r.source()
		if row == nil {
			r.stopped = true
			return
		}
		r.buf = appendRow(r.buf, row)
	}
}

func appendRow(dst []byte, row []record.Value) []byte {
	for i := range row {
		if i > 0 {
			dst = append(dst, '\t')
		}
		switch row[i].Kind() {
		case record.KindNull:
			dst = append(dst, '\\', 'N')
		case record.KindText, record.KindJSON:
			dst = appendEscaped(dst, row[i].Raw())
		case record.KindBytes: // the backslash of \x is itself escaped
			dst = row[i].AppendText(append(dst, '\\'))
		default:
			dst = appendText(dst, row[i])
		}
	}
	return append(dst, '\n')
}

// special marks the bytes that COPY gives a meaning.
var special = [256]byte{'\\': '\\', '\n': 'n', '\t': 't', '\r': 'r', '\b': 'b', '\f': 'f', '\v': 'v'}

func appendEscaped(dst []byte, text string) []byte {
	from := 0
	for i := 0; i < len(text); i++ {
		if escape := special[text[i]]; escape != 0 {
			dst = append(dst, text[from:i]...)
			dst = append(dst, '\\', escape)
			from = i + 1
		}
	}
	return append(dst, text[from:]...)
}
