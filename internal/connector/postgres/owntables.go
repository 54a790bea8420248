package postgres

import (
	"fmt"

	"landfall/internal/sqldb"
)

// ownSchema holds what Landfall remembers.
const ownSchema = "landfall"

// OwnName places Landfall's tables in a schema of their own.
func (dialect) OwnName(table string) sqldb.Name { return sqldb.Name{Schema: ownSchema, Table: table} }

// OwnSchemaDDL makes that schema.
func (d dialect) OwnSchemaDDL() []string {
	return []string{"CREATE SCHEMA IF NOT EXISTS " + d.Quote(ownSchema)}
}

// BytesType is bytea.
func (dialect) BytesType() string { return "bytea" }

// ClusteredSuffix is empty: PostgreSQL's tables are heaps.
func (dialect) ClusteredSuffix() string { return "" }

// CreateView puts the view in the place of the one that is there.
func (dialect) CreateView() string { return "CREATE OR REPLACE VIEW" }

// Grants gives what a migrating user who does not own the tables needs.
func (d dialect) Grants(role string) []string {
	schema := d.Quote(ownSchema)
	return []string{
		"GRANT USAGE ON SCHEMA " + schema + " TO " + role,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema + " TO " + role,
	}
}

// Now is the wall clock, not the transaction's start: a lease must not look
// younger than it is.
func (dialect) Now(plusSeconds int) string {
	return fmt.Sprintf(`to_char((clock_timestamp() + interval '%d seconds') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`, plusSeconds)
}

// LockLease allows updates that leave the lease's key alone, which is what a
// renewal does, and makes a worker who locks the row FOR UPDATE wait.
func (dialect) LockLease() string { return " FOR KEY SHARE" }
