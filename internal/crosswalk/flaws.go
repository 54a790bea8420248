package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Flaws asks the books for entries of the migration that cannot be: records that
// are there twice, rows that two records own, roles and states that are none,
// and numbers that stand for nothing. Each flaw is handed to each, in words.
func Flaws(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string, each func(ref record.Ref, text string) error) error {
	owns := func(alias string) string {
		return fmt.Sprintf("%s.role IN ('c', 'a') AND %[1]s.state IN ('r', 'l', 'p', 'h')", alias)
	}
	for _, flaw := range []struct {
		text  func(v []record.Value) string
		query string
	}{
		{
			func(v []record.Value) string { return fmt.Sprintf("is there %s times", v[2]) },
			`SELECT e.name, c.source_key, count(*) FROM {crosswalk} c JOIN {entity} e ON e.id = c.entity_id WHERE e.migration = ?
GROUP BY e.name, c.entity_id, c.source_key HAVING count(*) > 1`,
		},
		{
			func(v []record.Value) string {
				return fmt.Sprintf("row %s of %s is also owned by %s:%s", v[2], v[3], v[4], v[5])
			},
			// Of two that own a row, the one with the lower number or key is told of the other.
			`SELECT e.name, c.source_key, c.target_key, t.name, f.name, o.source_key
FROM (SELECT table_id, target_key FROM {crosswalk} d WHERE ` + owns("d") + ` GROUP BY table_id, target_key HAVING count(*) > 1) twice
JOIN {crosswalk} c ON c.table_id = twice.table_id AND c.target_key = twice.target_key AND ` + owns("c") + `
JOIN {crosswalk} o ON o.table_id = c.table_id AND o.target_key = c.target_key AND ` + owns("o") + ` AND (o.entity_id <> c.entity_id OR o.source_key <> c.source_key)
JOIN {entity} e ON e.id = c.entity_id JOIN {entity} f ON f.id = o.entity_id JOIN {target_table} t ON t.id = c.table_id
WHERE e.migration = ? AND (c.entity_id < o.entity_id OR c.entity_id = o.entity_id AND c.source_key < o.source_key OR f.migration <> e.migration)`,
		},
		{
			func(v []record.Value) string {
				return fmt.Sprintf("has the role %q and the state %q, of which one is none", v[2].String(), v[3].String())
			},
			`SELECT e.name, c.source_key, c.role, c.state FROM {crosswalk} c JOIN {entity} e ON e.id = c.entity_id
WHERE e.migration = ? AND (c.role NOT IN ('c', 'a', 'l', 's') OR c.state NOT IN ('r', 'l', 'p', 'h', 'd', 'b'))`,
		},
		{
			func([]record.Value) string {
				return "names a table, a run or a list of columns that the books do not know"
			},
			`SELECT e.name, c.source_key FROM {crosswalk} c JOIN {entity} e ON e.id = c.entity_id
  LEFT JOIN {target_table} t ON t.id = c.table_id LEFT JOIN {shape} s ON s.id = c.shape_id
  LEFT JOIN {run} f ON f.id = c.first_run LEFT JOIN {run} l ON l.id = c.last_run
WHERE e.migration = ? AND (t.id IS NULL OR f.id IS NULL OR l.id IS NULL OR s.id IS NULL AND c.shape_id <> 0 OR c.first_run > c.last_run)`,
		},
		{
			func(v []record.Value) string {
				return fmt.Sprintf("still waits for a parent, and run %s has ended", v[2])
			},
			`SELECT e.name, c.source_key, l.name FROM {crosswalk} c JOIN {entity} e ON e.id = c.entity_id JOIN {run} l ON l.id = c.last_run
WHERE e.migration = ? AND c.state = 'p' AND l.state = 'completed'`,
		},
		{
			func(v []record.Value) string {
				return fmt.Sprintf("is an alias of %s:%s, which owns no row or another one", v[0], v[2])
			},
			`SELECT e.name, c.source_key, c.survivor FROM {crosswalk} c JOIN {entity} e ON e.id = c.entity_id
  LEFT JOIN {crosswalk} o ON o.entity_id = c.entity_id AND o.source_key = c.survivor AND o.state IN ('l', 'p') AND o.target_key = c.target_key AND o.table_id = c.table_id
WHERE e.migration = ? AND c.role = 's' AND c.state IN ('l', 'p') AND o.source_key IS NULL`,
		},
	} {
		err := b.Query(ctx, tx, func(v []record.Value) error {
			return each(record.Ref{Entity: v[0].String(), Key: v[1].String()}, flaw.text(v))
		}, flaw.query, migration)
		if err != nil {
			return err
		}
	}
	return nil
}

// OnTarget hands the entries of the store's entity that say that their row is in
// the target to each, so many at a time and in the order of source keys.
func (s *Store) OnTarget(ctx context.Context, tx sqldb.Tx, most int, each func([]Row) error) error {
	rows := make([]Row, 0, most)
	after, first := "", true
	for first || len(rows) == most {
		condition := ""
		args := []any{}
		if !first {
			condition, args = " AND c.source_key > "+s.books.Dialect().Placeholder(1), []any{after}
		}
		rows, first = rows[:0], false
		err := sqldb.Each(ctx, tx, func(values []record.Value) error {
			rows = append(rows, scanRow(values))
			return nil
		}, fmt.Sprintf("SELECT %s FROM %s c WHERE c.entity_id = %d AND c.state IN ('l', 'p')%s ORDER BY c.source_key LIMIT %d",
			rowList, s.books.Table("crosswalk"), s.EntityID, condition, most), args...)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1].SourceKey
		if err := each(rows); err != nil {
			return err
		}
	}
	return nil
}

// Counts counts the migration's entries by entity, and by role and state.
func Counts(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string) ([]BackupEntity, error) {
	var found []BackupEntity
	err := b.Query(ctx, tx, func(v []record.Value) error {
		if n := len(found); n == 0 || found[n-1].id != v[0].Int() {
			found = append(found, BackupEntity{id: v[0].Int(), Name: v[1].String(), Counts: map[string]int64{}})
		}
		e := &found[len(found)-1]
		if !v[2].IsNull() {
			e.Counts[RoleAndState(Role(v[2].String()), State(v[3].String()))] += v[4].Int()
			e.Entries += v[4].Int()
		}
		return nil
	}, `SELECT e.id, e.name, c.role, c.state, count(*) FROM {entity} e LEFT JOIN {crosswalk} c ON c.entity_id = e.id
WHERE e.migration = ? GROUP BY e.id, e.name, c.role, c.state ORDER BY e.id`, migration)
	return found, err
}
