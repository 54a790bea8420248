package sqlite

import (
	"strings"

	"landfall/internal/sqldb"
)

// counterTable is where SQLite keeps the counters of AUTOINCREMENT tables;
// Column.Sequence names it for them.
const counterTable = "sqlite_sequence"

// ReserveSQL counts on from the highest key there is or ever was. The writing
// transaction holds the whole file, so nobody else counts meanwhile.
func (d dialect) ReserveSQL(table *sqldb.Table, column *sqldb.Column, n int, floor int64) (string, []any) {
	counter := ""
	args := []any{int64(n), floor}
	if column.Sequence == counterTable {
		counter = ", coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?3), 0)"
		args = append(args, table.Name.Table)
	}
	return `WITH RECURSIVE keys(key, rest) AS (
  SELECT max(?2, coalesce((SELECT max(` + d.Quote(column.Name) + ") FROM " + d.QuoteName(table.Name) + "), 0)" + counter + `) + 1, ?1 - 1
  UNION ALL SELECT key + 1, rest - 1 FROM keys WHERE rest > 0)
SELECT key FROM keys WHERE rest >= 0`, args
}

// CountsOutside is false: the highest key is that of the rows that are there.
func (dialect) CountsOutside() bool { return false }

// AdvanceSQL is empty: SQLite's counter follows explicit keys by itself.
func (dialect) AdvanceSQL(*sqldb.Table, *sqldb.Column) string { return "" }

// CounterSQL reads what SQLite notes of AUTOINCREMENT tables.
func (dialect) CounterSQL(table *sqldb.Table, column *sqldb.Column) string {
	if column.Sequence != counterTable {
		return ""
	}
	return "SELECT seq FROM sqlite_sequence WHERE name = '" + strings.ReplaceAll(table.Name.Table, "'", "''") + "'"
}
