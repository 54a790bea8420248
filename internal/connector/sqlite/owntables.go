package sqlite

import (
	"fmt"

	"landfall/internal/sqldb"
)

// OwnName places Landfall's tables in the same file, told by a prefix.
func (dialect) OwnName(table string) sqldb.Name { return sqldb.Name{Table: "landfall_" + table} }

// OwnSchemaDDL is empty: there are no schemas to make.
func (dialect) OwnSchemaDDL() []string { return nil }

// BytesType is BLOB.
func (dialect) BytesType() string { return "BLOB" }

// ClusteredSuffix stores a table in the order of its primary key.
func (dialect) ClusteredSuffix() string { return " WITHOUT ROWID" }

// CreateView leaves the view that is there.
func (dialect) CreateView() string { return "CREATE VIEW IF NOT EXISTS" }

// Grants is empty: who may write the file may write its tables.
func (dialect) Grants(string) []string { return nil }

// Now is the clock of this machine, which is SQLite's server.
func (dialect) Now(plusSeconds int) string {
	return fmt.Sprintf("strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now', '%+d seconds')", plusSeconds)
}

// LockLease is empty: a writing transaction holds the whole file.
func (dialect) LockLease() string { return "" }
