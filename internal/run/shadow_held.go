package run

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// valueHash stands for the values of a rule's columns; complete is false where
// one of them is NULL, and so equals nothing.
func valueHash(columns []sqldb.Column, values []record.Value) (hash record.Value, complete bool) {
	var buf []byte
	for i := range columns {
		value := values[i]
		if value.IsNull() {
			return record.Null(), false
		}
		if value.Kind() != columns[i].Type.Kind {
			if fitted, misfit := columns[i].Type.Fit(value); misfit == nil {
				value = fitted
			}
		}
		if columns[i].Type.FoldCase {
			value = record.Text(strings.ToLower(value.String()))
		}
		buf = value.AppendBinary(buf)
	}
	sum := sha256.Sum256(buf)
	return record.Bytes(sum[:16]), true
}

// hashAt is valueHash of a row whose values stand in the order of columns. ok is
// false where the row does not hold all columns of the rule.
func (t *shadowTable) hashAt(rule int, columns []sqldb.Column, row []record.Value) (hash record.Value, ok bool) {
	values := make([]record.Value, len(t.rules[rule]))
	for i, column := range t.rules[rule] {
		place := columnPlace(columns, column.Name)
		if place < 0 {
			return record.Null(), false
		}
		values[i] = row[place]
	}
	return valueHash(t.rules[rule], values)
}

// heldValues are what rows hold, by rule and value: the key of the holder, or "" for
// a value that its holder in the target has given up.
type heldValues map[ruleValue]string

type ruleValue struct {
	rule int
	hash record.Value
}

// held finds what the scratch database says of values.
func (t *shadowTable) held(ctx context.Context, tx sqldb.Tx, rule int, hashes []record.Value) (map[record.Value]string, error) {
	found := map[record.Value]string{}
	if rule < 0 || !t.written || len(hashes) == 0 {
		return found, nil
	}
	cells := make([][]record.Value, len(hashes))
	for i, hash := range hashes {
		cells[i] = []record.Value{hash}
	}
	relation, args := t.db.Dialect().Relation("k", []sqldb.Column{hashColumn}, cells, 1)
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT h.value, h.key FROM %s CROSS JOIN shadow_held h ON h.tbl = %d AND h.rule = %d AND h.value = k.c0", relation, t.id, rule), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v := rows.Values()
		found[record.Bytes([]byte(v[0].Raw()))] = v[1].String()
	}
	return found, rows.Err()
}

// hold writes down who would hold values.
func (t *shadowTable) hold(ctx context.Context, tx sqldb.Tx, over heldValues) error {
	if len(over) == 0 {
		return nil
	}
	t.written = true
	cells := make([][]record.Value, 0, len(over))
	for at, key := range over {
		t.left = t.left || key == ""
		cells = append(cells, []record.Value{record.Int(int64(at.rule)), at.hash, record.Text(key)})
	}
	relation, args := t.db.Dialect().Relation("k", []sqldb.Column{intColumn, hashColumn, keyColumn}, cells, 1)
	_, err := tx.Exec(ctx, fmt.Sprintf("INSERT OR REPLACE INTO shadow_held (tbl, rule, value, key) SELECT %d, c0, c1, c2 FROM %s ORDER BY c0, c1", t.id, relation), args...)
	return err
}
