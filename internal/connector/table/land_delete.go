package table

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Delete implements target.Table.
func (l *Lander) Delete(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) error {
	if len(keys) == 0 {
		return nil
	}
	relation, args := l.dialect.Relation("k", l.key, keys, 1)
	name := l.dialect.QuoteName(l.table.Name)
	if _, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE EXISTS (SELECT 1 FROM %s WHERE %s)", name, relation, l.sameAs(name, l.key)), args...); err != nil {
		return err
	}
	// A row may have gone by a cascade, so what counts is that none is left.
	left, err := l.Fetch(ctx, tx, keys, nil, false)
	if err != nil {
		return err
	}
	for _, row := range left {
		if row != nil {
			return fmt.Errorf("deleting from %s: rows are still there: a trigger or rule of the target keeps them", l.table.Name)
		}
	}
	return l.force(ctx, tx)
}

// Referring implements target.Table.
func (l *Lander) Referring(ctx context.Context, tx sqldb.Tx, column sqldb.Column, values []record.Value) ([][]record.Value, error) {
	if len(values) == 0 {
		return nil, nil
	}
	cells := make([][]record.Value, len(values))
	for i := range values {
		cells[i] = values[i : i+1]
	}
	relation, args := l.dialect.Relation("k", []sqldb.Column{column}, cells, 1)
	list := make([]string, len(l.key))
	for i := range l.key {
		list[i] = "t." + l.dialect.Quote(l.key[i].Name)
	}
	// The column may have no index: where it has none, walking the table once
	// beats walking it for every value.
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s FROM %s t WHERE t.%s IN (SELECT c0 FROM %s)",
		strings.Join(list, ", "), l.dialect.QuoteName(l.table.Name), l.dialect.Quote(column.Name), relation), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found [][]record.Value
	for rows.Next() {
		key := make([]record.Value, len(l.key))
		for i, value := range rows.Values() {
			key[i] = readBack(l.key[i].Type, value)
		}
		found = append(found, key)
	}
	return found, rows.Err()
}
