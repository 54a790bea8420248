package postgres

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
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

// AdvanceSQL moves the sequence past the column's highest key. Other sessions
// draw meanwhile, and a sequence that is set to what was read a moment before
// might give out their numbers again; so a short gap is bridged by drawing
// numbers, which goes forward only. A long one is set over, under the lock of
// ReserveSQL: that could go back only if others drew as many numbers as the gap
// is long while the statement runs. Sequences that count down are left alone.
func (d dialect) AdvanceSQL(table *sqldb.Table, column *sqldb.Column) string {
	if column.Sequence == "" {
		return ""
	}
	sequence, literal := column.Sequence, quoteLiteral(column.Sequence)
	const reached = "CASE WHEN %[1]s.is_called THEN %[1]s.last_value ELSE %[1]s.last_value - step.by END"
	return `WITH top AS (
  SELECT max(` + d.Quote(column.Name) + ")::bigint AS key FROM " + d.QuoteName(table.Name) + `
), step AS (
  SELECT seqincrement AS by FROM pg_sequence WHERE seqrelid = ` + literal + `::regclass AND seqincrement > 0
), counter AS (
  SELECT top.key, step.by, CASE
    WHEN top.key - (` + fmt.Sprintf(reached, "s") + `) <= 100000 * step.by THEN ` + fmt.Sprintf(reached, "s") + `
    WHEN pg_advisory_xact_lock(hashtextextended(` + literal + `, 0))::text IS NULL THEN NULL
    ELSE (SELECT CASE WHEN top.key > again.last_value
            THEN setval(` + literal + `::regclass, top.key, true) ELSE again.last_value END
          FROM ` + sequence + ` AS again WHERE s.last_value IS NOT NULL)
    END AS reached
  FROM top, step, ` + sequence + ` AS s WHERE top.key > ` + fmt.Sprintf(reached, "s") + `
)
SELECT count(nextval(` + literal + `::regclass))
FROM counter, generate_series(1, (counter.key - counter.reached + counter.by - 1) / counter.by)`
}

// CounterSQL reads the sequence itself. One that counts down is behind nothing.
func (d dialect) CounterSQL(_ *sqldb.Table, column *sqldb.Column) string {
	if column.Sequence == "" {
		return ""
	}
	return "SELECT CASE WHEN s.is_called THEN s.last_value ELSE s.last_value - step.seqincrement END FROM " + column.Sequence +
		" AS s, pg_sequence AS step WHERE step.seqrelid = " + quoteLiteral(column.Sequence) + "::regclass AND step.seqincrement > 0"
}

func quoteLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Sequence finds a sequence by its name, as it is or as SQL spells it.
func (db *database) Sequence(ctx context.Context, name string) (string, error) {
	found := ""
	var existing []string
	err := db.each(ctx, `SELECT c.oid::regclass::text, CASE WHEN pg_table_is_visible(c.oid) AND position('.' in $1::text) = 0
  THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname NOT LIKE 'pg\_temp%' ORDER BY 2`, func(row []record.Value) error {
		if spelled, plain := row[0].Raw(), row[1].Raw(); plain == name || spelled == name {
			found = spelled
		}
		existing = append(existing, row[1].Raw())
		return nil
	}, name)
	switch near := sqldb.Near(name, existing); {
	case err != nil || found != "":
		return found, err
	case near != "":
		return "", fmt.Errorf("%w: %s (did you mean %s?)", sqldb.ErrNoSequence, name, near)
	}
	return "", fmt.Errorf("%w: %s", sqldb.ErrNoSequence, name)
}
