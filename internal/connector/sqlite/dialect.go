package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// dialect spells SQLite's SQL.
type dialect struct{}

// Dialect spells SQL without a connection, for printing statements.
var Dialect sqldb.Dialect = dialect{}

// Quote writes an identifier so that it cannot be taken for anything else.
func (dialect) Quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

// QuoteName writes a table's name; the schema is main or temp.
func (d dialect) QuoteName(name sqldb.Name) string {
	if name.Schema == "" {
		return d.Quote(name.Table)
	}
	return d.Quote(name.Schema) + "." + d.Quote(name.Table)
}

// Placeholder is ?n.
func (dialect) Placeholder(n int) string { return "?" + strconv.Itoa(n) }

// Typed leaves numbers and texts to the column's affinity, which SQLite applies
// to the other side of a comparison; a cast would keep it from the index. Only
// what affinity does not know is translated.
func (dialect) Typed(expr string, column sqldb.Column) string {
	switch column.Type.Kind {
	case record.KindBool:
		return "CASE " + expr + " WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE " + expr + " END"
	case record.KindBytes:
		return "CASE WHEN typeof(" + expr + ") = 'text' AND " + expr + ` LIKE '\x%' THEN unhex(substr(` + expr + ", 3)) ELSE " + expr + " END"
	}
	return expr
}

// AsText sorts byte by byte.
func (dialect) AsText(expr string) string { return "CAST(" + expr + " AS TEXT) COLLATE BINARY" }

// LookupJoin keeps the order as written: without statistics SQLite would walk
// the table and unpack the whole relation for each of its rows.
func (dialect) LookupJoin() string { return "CROSS JOIN" }

// LookedUp is what SQLite looks up by itself.
func (dialect) LookedUp(_, where, column, relation string) string {
	return where + " AND " + column + " IN (SELECT c0 FROM " + relation + ")"
}

// PreferIndexes is empty: SQLite knows no other joins.
func (dialect) PreferIndexes(bool) string { return "" }

// Writers is one: a writing transaction holds the whole file.
func (dialect) Writers() int { return 1 }

// StageTable makes a temporary table without rules, its columns of the declared
// types, so that values take the same form in it as in the real table.
func (d dialect) StageTable(columns []sqldb.Column) ([]string, sqldb.Name) {
	var list strings.Builder
	for _, column := range columns {
		list.WriteString(d.Quote(column.Name) + " " + stageType(column.Type) + ", ")
	}
	list.WriteString("landfall_ord INTEGER PRIMARY KEY") // halving asks for ranges of it
	sum := sha256.Sum256([]byte(list.String()))
	name := sqldb.Name{Schema: "temp", Table: "landfall_stage_" + hex.EncodeToString(sum[:8])}
	return []string{
		"CREATE TABLE IF NOT EXISTS " + d.QuoteName(name) + " (" + list.String() + ")",
		"DELETE FROM " + d.QuoteName(name),
	}, name
}

// Staged gives the columns of a Relation, which have no affinity, that of the
// column. A cast would do more to a text than affinity does, so it is for
// numbers in columns of numbers, and texts in columns of texts.
func (dialect) Staged(expr string, column sqldb.Column) string {
	affinity := stageType(column.Type)
	switch column.Type.Kind {
	case record.KindInt, record.KindDecimal, record.KindFloat, record.KindBool:
	case record.KindText, record.KindJSON:
		if affinity != "TEXT" {
			return expr
		}
	default:
		return expr
	}
	if affinity == "" || affinity == "BLOB" {
		return expr
	}
	return "CAST(" + expr + " AS " + affinity + ")"
}

// stageType names a type of the same affinity.
func stageType(t record.Type) string {
	name, _, _ := takeApart(t.Native)
	switch {
	case t.Native == "" && t.Kind == record.KindText:
		return "TEXT"
	case t.Native == "" && t.Kind == record.KindInt:
		return "INTEGER"
	case name == "" || name == "ANY":
		return ""
	case strings.Contains(name, "INT"):
		return "INTEGER"
	case strings.Contains(name, "CHAR"), strings.Contains(name, "CLOB"), strings.Contains(name, "TEXT"):
		return "TEXT"
	case strings.Contains(name, "BLOB"):
		return "BLOB"
	case strings.Contains(name, "REAL"), strings.Contains(name, "FLOA"), strings.Contains(name, "DOUB"):
		return "REAL"
	}
	return "NUMERIC"
}

// InsertOverriding is empty: SQLite takes explicit keys as they are.
func (dialect) InsertOverriding() string { return "" }

// Insert overrides a rule's ON CONFLICT REPLACE or IGNORE, by which a new row
// would silently take another's place or vanish.
func (dialect) Insert() string { return "INSERT OR ABORT" }

// Update does likewise.
func (dialect) Update() string { return "UPDATE OR ABORT" }

// ForceDeferred is empty: no statement checks deferred keys before the commit.
// BulkInsert looks for open references on its own.
func (dialect) ForceDeferred() string { return "" }

// LockRows is empty: a writing transaction holds the whole file.
func (dialect) LockRows() string { return "" }

// IsDistinct treats NULL as a value of its own.
func (dialect) IsDistinct(a, b string) string { return "(" + a + ") IS NOT (" + b + ")" }
