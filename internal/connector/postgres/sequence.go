package postgres

import (
	"strings"

	"landfall/internal/sqldb"
)

// ReserveSQL takes numbers from the column's sequence, which PostgreSQL never
// gives out twice, whatever becomes of the transaction. A sequence that is
// behind the floor (somebody reset it) is brought past it by drawing numbers,
// which no other session can undo; only over a long gap is it set, under a
// lock, so that two lanes do not set it one after the other.
func (d dialect) ReserveSQL(_ *sqldb.Table, column *sqldb.Column, n int, floor int64) (string, []any) {
	sequence, literal := column.Sequence, quoteLiteral(column.Sequence)
	sql := `WITH counter AS (
  SELECT CASE
    WHEN $2::text::bigint - s.last_value <= 100000 THEN s.last_value
    WHEN pg_advisory_xact_lock(hashtextextended(` + literal + `, 0))::text IS NULL THEN NULL
    ELSE (SELECT CASE WHEN $2::text::bigint - again.last_value > 100000
            THEN setval(` + literal + `::regclass, $2::text::bigint, true) ELSE again.last_value END
          FROM ` + sequence + ` AS again WHERE s.last_value IS NOT NULL)
    END AS reached
  FROM ` + sequence + ` AS s)
SELECT key FROM (
  SELECT nextval(` + literal + `::regclass) AS key
  FROM counter, generate_series(1, $1::text::bigint + 1 + greatest(0, $2::text::bigint - counter.reached))) AS drawn
WHERE key > $2::text::bigint LIMIT $1::text::bigint`
	return sql, []any{int64(n), floor}
}

// CountsOutside is true: nextval is never rolled back.
func (dialect) CountsOutside() bool { return true }

// AdvanceSQL moves the sequence past the column's highest key, never back.
func (d dialect) AdvanceSQL(table *sqldb.Table, column *sqldb.Column) string {
	if column.Sequence == "" {
		return ""
	}
	return "SELECT setval(" + quoteLiteral(column.Sequence) + "::regclass, top.key, true) FROM (SELECT max(" +
		d.Quote(column.Name) + ")::bigint AS key FROM " + d.QuoteName(table.Name) + ") AS top, " + column.Sequence +
		" AS s WHERE top.key > s.last_value OR (top.key = s.last_value AND NOT s.is_called)"
}

func quoteLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
