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
	if from, to, dense := l.stretch(keys); dense && !lock {
		return found, l.fetchStretch(ctx, tx, from, to, keys, columns, found)
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

// stretch reports whether keys are whole numbers that stand so close together
// that walking from the first to the last costs less than looking each up.
func (l *Lander) stretch(keys [][]record.Value) (from, to int64, dense bool) {
	if len(l.key) != 1 || l.key[0].Type.Kind != record.KindInt {
		return 0, 0, false
	}
	from, to = keys[0][0].Int(), keys[0][0].Int()
	for _, key := range keys {
		if key[0].Kind() != record.KindInt {
			return 0, 0, false
		}
		from, to = min(from, key[0].Int()), max(to, key[0].Int())
	}
	return from, to, uint64(to)-uint64(from) < 2*uint64(len(keys))
}

// fetchStretch is Fetch for the keys of a stretch. It locks nothing: that would
// lock rows that nobody asked for.
func (l *Lander) fetchStretch(ctx context.Context, tx sqldb.Tx, from, to int64, keys [][]record.Value, columns []sqldb.Column, found [][]record.Value) error {
	name := "t." + l.dialect.Quote(l.key[0].Name)
	list := name
	for i := range columns {
		list += ", t." + l.dialect.Quote(columns[i].Name)
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s FROM %s t WHERE %s BETWEEN %s AND %s", list, l.dialect.QuoteName(l.table.Name), name,
		l.dialect.Typed(l.dialect.Placeholder(1), l.key[0]), l.dialect.Typed(l.dialect.Placeholder(2), l.key[0])), record.Int(from), record.Int(to))
	if err != nil {
		return err
	}
	defer rows.Close()
	between := make([][]record.Value, uint64(to)-uint64(from)+1)
	slab := make([]record.Value, len(columns)*len(keys))
	for rows.Next() {
		values := rows.Values()
		key := readBack(l.key[0].Type, values[0])
		if key.Kind() != record.KindInt || key.Int() < from || key.Int() > to {
			continue
		}
		if len(slab) < len(columns) {
			slab = make([]record.Value, len(columns)*len(keys))
		}
		row := slab[:len(columns):len(columns)]
		slab = slab[len(columns):]
		for i := range columns {
			row[i] = readBack(columns[i].Type, values[i+1])
		}
		between[key.Int()-from] = row
	}
	for i, key := range keys {
		found[i] = between[key[0].Int()-from]
	}
	return rows.Err()
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
