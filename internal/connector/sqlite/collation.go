package sqlite

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// collation is how a column compares text; no pragma tells.
func (e *engine) collation(table, column string) string {
	tableName, err := libc.CString(table)
	if err != nil {
		return ""
	}
	defer libc.Xfree(e.tls, tableName)
	columnName, err := libc.CString(column)
	if err != nil {
		return ""
	}
	defer libc.Xfree(e.tls, columnName)
	out := e.alloc(8)
	defer libc.Xfree(e.tls, out)
	rc := sqlite3.Xsqlite3_table_column_metadata(e.tls, e.db, 0, tableName, columnName, 0, out, 0, 0, 0)
	address := *(*uintptr)(pointer(out))
	if rc != sqlite3.SQLITE_OK || address == 0 {
		return ""
	}
	return libc.GoString(address)
}
