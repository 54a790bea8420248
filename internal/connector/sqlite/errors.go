package sqlite

import (
	"errors"
	"fmt"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Error is what SQLite answered; Code is its extended result code.
type Error struct {
	Code    int
	Message string
}

// Error is SQLite's own text; it names tables and columns, never values.
func (e *Error) Error() string { return fmt.Sprintf("%s (SQLite code %d)", e.Message, e.Code) }

// Denied is true where a right is missing: SQLite knows only whether the file,
// and the folder that its journal is put into, may be written.
func (e *Error) Denied() bool { return (dialect{}).Classify(e).Denied }

// errOpenReference is a foreign key that a bulk insert left unsatisfied.
var errOpenReference = &Error{Code: sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, Message: "FOREIGN KEY constraint failed"}

// Classify reads the result code; of the text only the names of columns.
func (dialect) Classify(err error) sqldb.Fault {
	var refused *Error
	if !errors.As(err, &refused) {
		return sqldb.Fault{}
	}
	fault := sqldb.Fault{Message: refused.Message}
	switch refused.Code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		fault.Code = record.CodeUnique
		fault.Columns, fault.Constraint = namedColumns(refused.Message)
	case sqlite3.SQLITE_CONSTRAINT_NOTNULL:
		fault.Code = record.CodeNotNull
		fault.Columns, _ = namedColumns(refused.Message)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		fault.Code = record.CodeForeignKey
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		fault.Code = record.CodeCheck
		_, fault.Constraint, _ = strings.Cut(refused.Message, ": ")
	case sqlite3.SQLITE_CONSTRAINT_DATATYPE:
		fault.Code = record.CodeWrongType
		if _, name, found := strings.Cut(refused.Message, " column "); found {
			fault.Columns = []string{name[strings.IndexByte(name, '.')+1:]}
		}
	case sqlite3.SQLITE_CONSTRAINT_TRIGGER, sqlite3.SQLITE_CONSTRAINT_VTAB, sqlite3.SQLITE_CONSTRAINT:
		fault.Code = record.CodeRefused
	default:
		classifyPrimary(refused.Code&0xff, &fault)
	}
	return fault
}

func classifyPrimary(code int, fault *sqldb.Fault) {
	switch code {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		fault.Transient, fault.Contended = true, true
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH:
		fault.Denied = true
	case sqlite3.SQLITE_MISMATCH: // text for an INTEGER PRIMARY KEY
		fault.Code = record.CodeWrongType
	case sqlite3.SQLITE_TOOBIG:
		fault.Code = record.CodeTooLong
	}
}

// namedColumns reads "UNIQUE constraint failed: t.a, t.b" and, for an index
// over expressions, "UNIQUE constraint failed: index 'i'".
func namedColumns(message string) (columns []string, constraint string) {
	_, names, found := strings.Cut(message, ": ")
	if !found {
		return nil, ""
	}
	if index, isIndex := strings.CutPrefix(names, "index '"); isIndex {
		return nil, strings.TrimSuffix(index, "'")
	}
	for name := range strings.SplitSeq(names, ", ") {
		columns = append(columns, name[strings.IndexByte(name, '.')+1:])
	}
	return columns, ""
}
