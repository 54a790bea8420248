package sqlite

import (
	"fmt"
	"strings"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"landfall/internal/record"
)

// statement is a prepared statement with memory of its own for what is bound.
type statement struct {
	e      *engine
	handle uintptr
	buf    uintptr // outside of Go's heap: SQLite keeps pointers into it between calls
	size   int
	used   int
}

// prepare compiles one statement; text behind it is refused.
func (e *engine) prepare(sql string) (*statement, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(e.tls, text)
	out := e.alloc(16)
	defer libc.Xfree(e.tls, out)
	if rc := sqlite3.Xsqlite3_prepare_v2(e.tls, e.db, text, int32(len(sql)+1), out, out+8); rc != sqlite3.SQLITE_OK {
		return nil, e.failure(rc)
	}
	s := &statement{e: e, handle: *(*uintptr)(pointer(out))}
	tail := strings.TrimRight(libc.GoString(*(*uintptr)(pointer(out + 8))), " \t\r\n;")
	switch {
	case s.handle == 0:
		return nil, fmt.Errorf("the SQL holds no statement")
	case tail != "" && !strings.HasPrefix(tail, "--"):
		s.finalize()
		return nil, fmt.Errorf("the SQL holds more than one statement")
	}
	return s, nil
}

func (s *statement) finalize() {
	if s.handle != 0 {
		sqlite3.Xsqlite3_finalize(s.e.tls, s.handle)
		s.handle = 0
	}
	if s.buf != 0 {
		libc.Xfree(s.e.tls, s.buf)
		s.buf, s.size = 0, 0
	}
}

// reset makes the statement ready to be bound and run again.
func (s *statement) reset() {
	sqlite3.Xsqlite3_reset(s.e.tls, s.handle)
	s.used = 0
}

// reserve makes room for the texts of one run; it must come before the first
// bind of the run, since growing moves what is bound already.
func (s *statement) reserve(size int) {
	if size <= s.size {
		return
	}
	if s.buf != 0 {
		libc.Xfree(s.e.tls, s.buf)
	}
	s.size = max(size, 2*s.size, 4096)
	s.buf = s.e.alloc(s.size)
}

// step moves to the next row; false is the end.
func (s *statement) step() (bool, error) {
	switch rc := sqlite3.Xsqlite3_step(s.e.tls, s.handle); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, s.e.failure(rc)
	}
}

// bindBytes binds text or a blob that it copies into the statement's memory.
func (s *statement) bindBytes(at int, text string, blob bool) error {
	if s.buf == 0 { // an empty text is not NULL
		s.reserve(1)
	}
	address := s.buf + uintptr(s.used)
	copy(memory(s.buf, s.size)[s.used:], text)
	s.used += len(text)
	if blob {
		return s.bound(sqlite3.Xsqlite3_bind_blob(s.e.tls, s.handle, int32(at), address, int32(len(text)), 0))
	}
	return s.bound(sqlite3.Xsqlite3_bind_text(s.e.tls, s.handle, int32(at), address, int32(len(text)), 0))
}

// bindTime binds the text of a time, written in place.
func (s *statement) bindTime(at int, v record.Value) error {
	address := s.buf + uintptr(s.used)
	size := len(v.AppendText(memory(s.buf, s.size)[s.used:s.used]))
	s.used += size
	return s.bound(sqlite3.Xsqlite3_bind_text(s.e.tls, s.handle, int32(at), address, int32(size), 0))
}

func (s *statement) bindInt(at int, n int64) error {
	return s.bound(sqlite3.Xsqlite3_bind_int64(s.e.tls, s.handle, int32(at), sqlite3.Tsqlite_int64(n)))
}

func (s *statement) bindFloat(at int, f float64) error {
	return s.bound(sqlite3.Xsqlite3_bind_double(s.e.tls, s.handle, int32(at), f))
}

func (s *statement) bindNull(at int) error {
	return s.bound(sqlite3.Xsqlite3_bind_null(s.e.tls, s.handle, int32(at)))
}

func (s *statement) bound(rc int32) error {
	if rc != sqlite3.SQLITE_OK {
		return s.e.failure(rc)
	}
	return nil
}

// width is the number of columns of the result.
func (s *statement) width() int { return int(sqlite3.Xsqlite3_column_count(s.e.tls, s.handle)) }

func (s *statement) columnName(i int) string {
	return libc.GoString(sqlite3.Xsqlite3_column_name(s.e.tls, s.handle, int32(i)))
}

// declared is the declared type of the table column behind a result column, or
// "" for an expression.
func (s *statement) declared(i int) string {
	address := sqlite3.Xsqlite3_column_decltype(s.e.tls, s.handle, int32(i))
	if address == 0 {
		return ""
	}
	return libc.GoString(address)
}

// value reads a cell by its storage class, whatever its column is declared as.
func (s *statement) value(i int) record.Value {
	column := int32(i)
	switch sqlite3.Xsqlite3_column_type(s.e.tls, s.handle, column) {
	case sqlite3.SQLITE_INTEGER:
		return record.Int(int64(sqlite3.Xsqlite3_column_int64(s.e.tls, s.handle, column)))
	case sqlite3.SQLITE_FLOAT:
		return record.Float(sqlite3.Xsqlite3_column_double(s.e.tls, s.handle, column))
	case sqlite3.SQLITE_TEXT:
		address := sqlite3.Xsqlite3_column_text(s.e.tls, s.handle, column)
		return record.Text(string(memory(address, int(sqlite3.Xsqlite3_column_bytes(s.e.tls, s.handle, column)))))
	case sqlite3.SQLITE_BLOB:
		address := sqlite3.Xsqlite3_column_blob(s.e.tls, s.handle, column)
		size := int(sqlite3.Xsqlite3_column_bytes(s.e.tls, s.handle, column))
		if size == 0 { // an empty blob has no address
			return record.Bytes(nil)
		}
		return record.Bytes(memory(address, size))
	default:
		return record.Null()
	}
}
