package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// dialect spells PostgreSQL's SQL.
type dialect struct{}

// Dialect spells SQL without a connection, for printing statements.
var Dialect sqldb.Dialect = dialect{}

// Quote writes an identifier so that case and blanks are taken literally.
func (dialect) Quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

// QuoteName writes a table's name with its schema.
func (d dialect) QuoteName(name sqldb.Name) string {
	if name.Schema == "" {
		return d.Quote(name.Table)
	}
	return d.Quote(name.Schema) + "." + d.Quote(name.Table)
}

// Placeholder is $n.
func (dialect) Placeholder(n int) string { return "$" + strconv.Itoa(n) }

// Typed casts by way of text, so that one way of passing arguments serves all
// types.
func (dialect) Typed(expr string, column sqldb.Column) string {
	if cast := castType(column.Type); cast != "text" {
		return "(" + expr + ")::text::" + cast
	}
	return "(" + expr + ")::text"
}

// AsText sorts byte by byte, whatever the database's collation is.
func (dialect) AsText(expr string) string { return "(" + expr + `)::text COLLATE "C"` }

// Relation unpacks one array of text per column.
func (d dialect) Relation(alias string, columns []sqldb.Column, relation [][]record.Value, firstArg int) (string, []any) {
	var selected, arrays, names strings.Builder
	args := make([]any, len(columns))
	for i, column := range columns {
		number := strconv.Itoa(i)
		selected.WriteString("(a.c" + number + ")")
		if cast := castType(column.Type); cast != "text" {
			selected.WriteString("::" + cast)
		}
		selected.WriteString(" AS c" + number + ", ")
		arrays.WriteString("$" + strconv.Itoa(firstArg+i) + "::text[], ")
		names.WriteString("c" + number + ", ")
		array := append(make([]byte, 0, 2+16*len(relation)), '{')
		for row := range relation {
			if row > 0 {
				array = append(array, ',')
			}
			array = appendElement(array, relation[row][i])
		}
		args[i] = arrayText(append(array, '}'))
	}
	sql := "(SELECT " + selected.String() + "a.ord - 1 AS ord FROM unnest(" +
		strings.TrimSuffix(arrays.String(), ", ") + ") WITH ORDINALITY AS a(" + names.String() + "ord)) AS " + d.Quote(alias)
	return sql, args
}

// Staged has nothing to do: Relation casts.
func (dialect) Staged(expr string, _ sqldb.Column) string { return expr }

// LookupJoin leaves the order to the planner, which knows how many rows there are.
func (dialect) LookupJoin() string { return "JOIN" }

// LookedUp finds the rows' places first, value by value: of a table that the
// planner takes for a small one it would walk all rows for every value.
func (dialect) LookedUp(table, where, column, relation string) string {
	return "ctid = ANY (ARRAY(SELECT found.place FROM " + relation + " CROSS JOIN LATERAL (SELECT t.ctid AS place FROM " + table +
		" t WHERE " + where + " AND t." + column + " = k.c0 OFFSET 0) found))"
}

// PreferIndexes leaves nested loops with index scans as the only join.
func (dialect) PreferIndexes(on bool) string {
	state := "on"
	if on {
		state = "off"
	}
	return "SELECT set_config('enable_seqscan', '" + state + "', true), set_config('enable_hashjoin', '" + state +
		"', true), set_config('enable_mergejoin', '" + state + "', true), set_config('enable_material', '" + state + "', true)"
}

// Writers is any number.
func (dialect) Writers() int { return 0 }

// StageTable makes a table without rules, of the columns' types without their
// lengths: what does not fit is refused by the real table, row by row.
func (d dialect) StageTable(columns []sqldb.Column) ([]string, sqldb.Name) {
	var list strings.Builder
	for _, column := range columns {
		list.WriteString(d.Quote(column.Name) + " " + castType(column.Type) + ", ")
	}
	list.WriteString("landfall_ord bigint PRIMARY KEY") // halving asks for ranges of it
	sum := sha256.Sum256([]byte(list.String()))
	name := sqldb.Name{Schema: "pg_temp", Table: "landfall_stage_" + hex.EncodeToString(sum[:8])}
	quoted := d.QuoteName(name)
	return []string{
		"CREATE TEMP TABLE IF NOT EXISTS " + d.Quote(name.Table) + " (" + list.String() + ") ON COMMIT DROP",
		"TRUNCATE " + quoted,
	}, name
}

// InsertOverriding lets explicit values into GENERATED ALWAYS columns.
func (dialect) InsertOverriding() string { return "OVERRIDING SYSTEM VALUE" }

// Insert is plain: rules refuse.
func (dialect) Insert() string { return "INSERT" }

// Update is plain.
func (dialect) Update() string { return "UPDATE" }

// ForceDeferred checks what would otherwise fail only at the commit.
func (dialect) ForceDeferred() string { return "SET CONSTRAINTS ALL IMMEDIATE" }

// LockRows keeps the rows that a query read.
func (dialect) LockRows() string { return " FOR UPDATE" }

// IsDistinct treats NULL as a value of its own.
func (dialect) IsDistinct(a, b string) string { return "(" + a + ") IS DISTINCT FROM (" + b + ")" }

// castType is the type to cast text to so that the value compares with the
// column: the declared type without its modifiers, since a cast to varchar(3)
// would cut and a cast to numeric(5,2) would round.
func castType(t record.Type) string {
	switch t.Kind {
	case record.KindBool:
		return "boolean"
	case record.KindDate:
		return "date"
	case record.KindBytes:
		return "bytea"
	case record.KindDecimal:
		return "numeric"
	}
	native := withoutModifiers(t.Native)
	switch native {
	case "character", "bpchar":
		return "bpchar"
	case "character varying", "varchar", "text":
		return "text"
	case "bit":
		return "bit varying"
	case "":
		return typeOfKind(t)
	}
	return native
}

// typeOfKind serves columns that no catalogue declares.
func typeOfKind(t record.Type) string {
	switch t.Kind {
	case record.KindInt:
		return "bigint"
	case record.KindFloat:
		return "double precision"
	case record.KindTime:
		return "time"
	case record.KindTimestamp:
		return "timestamp"
	case record.KindTimestampTZ:
		return "timestamptz"
	case record.KindJSON:
		return "jsonb"
	case record.KindText:
		if t.UUID {
			return "uuid"
		}
	}
	return "text"
}

// withoutModifiers turns timestamp(3) without time zone into timestamp without
// time zone. A quoted name may hold brackets of its own and has no modifiers.
func withoutModifiers(native string) string {
	open := strings.IndexByte(native, '(')
	if open < 0 || strings.Contains(native, `"`) {
		return native
	}
	end := strings.IndexByte(native[open:], ')')
	if end < 0 {
		return native
	}
	return native[:open] + native[open+end+1:]
}
