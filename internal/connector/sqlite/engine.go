package sqlite

import (
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	_ "modernc.org/sqlite" // prepares the translated library for this platform
	sqlite3 "modernc.org/sqlite/lib"
)

// engine is one SQLite connection: the few calls of its C API that we need. It
// is used by one goroutine at a time; only interrupt may come from another.
type engine struct {
	tls *libc.TLS
	db  uintptr

	mu     sync.Mutex // keeps interrupt off a closed connection
	closed bool
}

func openEngine(path string, readOnly bool) (*engine, error) {
	e := &engine{tls: libc.NewTLS()}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(e.tls, name)
	// No mutex of SQLite's own: one goroutine at a time is our contract.
	flags := int32(sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_NOMUTEX)
	if readOnly {
		flags = sqlite3.SQLITE_OPEN_READONLY | sqlite3.SQLITE_OPEN_NOMUTEX
	}
	out := e.alloc(8)
	defer libc.Xfree(e.tls, out)
	rc := sqlite3.Xsqlite3_open_v2(e.tls, name, out, flags, 0)
	e.db = *(*uintptr)(pointer(out))
	if rc != sqlite3.SQLITE_OK {
		err := e.failure(rc)
		e.close()
		return nil, err
	}
	sqlite3.Xsqlite3_extended_result_codes(e.tls, e.db, 1)
	sqlite3.Xsqlite3_busy_timeout(e.tls, e.db, int32(busyTimeout.Milliseconds()))
	return e, nil
}

func (e *engine) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.closed = true
	if e.db != 0 {
		sqlite3.Xsqlite3_close_v2(e.tls, e.db)
	}
	e.tls.Close()
}

// interrupt makes a running statement end; it may be called from any goroutine.
func (e *engine) interrupt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	tls := libc.NewTLS() // e.tls belongs to the goroutine that is being interrupted
	defer tls.Close()
	sqlite3.Xsqlite3_interrupt(tls, e.db)
}

func (e *engine) alloc(size int) uintptr {
	p := libc.Xmalloc(e.tls, libc.Tsize_t(size))
	if p == 0 {
		panic(fmt.Sprintf("sqlite: no memory for %d bytes", size))
	}
	return p
}

// failure makes an Error of a result code while the connection still knows why.
func (e *engine) failure(rc int32) error {
	err := &Error{Code: int(rc)}
	if e.db != 0 {
		err.Message = libc.GoString(sqlite3.Xsqlite3_errmsg(e.tls, e.db))
	}
	if err.Message == "" {
		err.Message = libc.GoString(sqlite3.Xsqlite3_errstr(e.tls, rc))
	}
	return err
}

// changed is the number of rows that the last statement changed.
func (e *engine) changed() int64 { return int64(sqlite3.Xsqlite3_changes64(e.tls, e.db)) }

// changedEver is the number of rows changed since the connection was opened.
func (e *engine) changedEver() int64 { return int64(sqlite3.Xsqlite3_total_changes64(e.tls, e.db)) }

// inTransaction reports whether a transaction is open.
func (e *engine) inTransaction() bool { return sqlite3.Xsqlite3_get_autocommit(e.tls, e.db) == 0 }

// openReferences reports whether some foreign key is not satisfied at the
// moment and would refuse the commit.
func (e *engine) openReferences() bool {
	out := e.alloc(16)
	defer libc.Xfree(e.tls, out)
	sqlite3.Xsqlite3_db_status(e.tls, e.db, sqlite3.SQLITE_DBSTATUS_DEFERRED_FKS, out, out+8, 0)
	return *(*int32)(pointer(out)) != 0
}

// pointer turns an address of SQLite's memory, which Go's collector neither
// sees nor moves, into a pointer.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// memory is a view of SQLite's memory, good until SQLite frees it.
func memory(address uintptr, size int) []byte {
	return unsafe.Slice((*byte)(pointer(address)), size)
}
