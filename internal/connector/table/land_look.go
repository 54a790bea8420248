package table

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Fetch implements target.Table.
func (l *Lander) Fetch(ctx context.Context, tx sqldb.Tx, keys [][]record.Value, columns []sqldb.Column, lock bool) ([][]record.Value, error) {
	found := make([][]record.Value, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	relation, args := l.dialect.Relation("k", l.key, keys, 1)
	list := "k.ord"
	for i := range columns {
		list += ", t." + l.dialect.Quote(columns[i].Name)
	}
	query := fmt.Sprintf("SELECT %s FROM %s %s %s t ON %s", list, relation, l.dialect.LookupJoin(), l.dialect.QuoteName(l.table.Name), l.sameAs("t", l.key))
	if lock {
		query += l.dialect.LockRows()
	}
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		values := rows.Values()
		row := make([]record.Value, len(columns))
		for i := range columns {
			row[i] = readBack(columns[i].Type, values[i+1])
		}
		found[values[0].Int()] = row
	}
	return found, rows.Err()
}

// readBack brings a value of the target into the form that a written value had.
// A value that does not fit its own column's type (a loose type system let it
// in) stays as it is, and so never equals what Landfall wrote.
func readBack(t record.Type, value record.Value) record.Value {
	if fitted, misfit := t.Fit(value); misfit == nil {
		return fitted
	}
	return value
}

func (l *Lander) sameAs(alias string, columns []sqldb.Column) string {
	same := make([]string, len(columns))
	for i := range columns {
		same[i] = fmt.Sprintf("%s.%s = k.c%d", alias, l.dialect.Quote(columns[i].Name), i)
	}
	return strings.Join(same, " AND ")
}

func namesOf(columns []sqldb.Column) []string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return names
}

// Match implements target.Table.
func (l *Lander) Match(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, tuples [][]record.Value) (matched []target.Matched, err error) {
	matched = make([]target.Matched, len(tuples))
	if len(tuples) == 0 {
		return matched, nil
	}
	join := l.dialect.LookupJoin()
	if _, indexed := l.table.UniqueOn(namesOf(columns)); !indexed {
		// Nothing to look rows up by: walking the table once beats walking it for
		// every tuple.
		join = "JOIN"
		if err := sqldb.PreferIndexes(ctx, tx, l.dialect, false); err != nil {
			return nil, err
		}
		defer func() {
			if err == nil {
				err = sqldb.PreferIndexes(ctx, tx, l.dialect, true)
			}
		}()
	}
	relation, args := l.dialect.Relation("k", columns, tuples, 1)
	list := "k.ord, count(*)"
	for i := range l.key {
		// Only used where one row matches; then the least of one is the one.
		list += fmt.Sprintf(", min(%s)", l.dialect.AsText("t."+l.dialect.Quote(l.key[i].Name)))
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s FROM %s %s %s t ON %s GROUP BY k.ord",
		list, relation, join, l.dialect.QuoteName(l.table.Name), l.sameAs("t", columns)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		values := rows.Values()
		m := target.Matched{Count: values[1].Int()}
		for i, value := range values[2:] {
			m.Key = append(m.Key, readBack(l.key[i].Type, value))
		}
		matched[values[0].Int()] = m
	}
	return matched, rows.Err()
}
