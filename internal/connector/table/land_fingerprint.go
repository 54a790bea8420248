package table

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Fingerprint implements target.Table.
func (l *Lander) Fingerprint(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) (record.Fingerprint, error) {
	if keys = distinct(keys); len(keys) == 0 {
		return record.Fingerprint{}, nil
	}
	from, args := l.keyed(keys)
	return l.fingerprint(ctx, tx, from, args)
}

// keyed is the FROM clause that yields the rows with the keys as t.
func (l *Lander) keyed(keys [][]record.Value) (from string, args []any) {
	relation, args := l.dialect.Relation("k", l.key, keys, 1)
	return fmt.Sprintf("%s %s %s t ON %s", relation, l.dialect.LookupJoin(), l.dialect.QuoteName(l.table.Name), l.sameAs("t", l.key)), args
}

// distinct leaves out keys that are listed twice: a row is there once.
func distinct(keys [][]record.Value) [][]record.Value {
	seen := make(map[string]bool, len(keys))
	left := make([][]record.Value, 0, len(keys))
	var text []byte
	for _, key := range keys {
		text = text[:0]
		for i := range key {
			text = key[i].AppendBinary(text)
		}
		if !seen[string(text)] {
			seen[string(text)] = true
			left = append(left, key)
		}
	}
	return left
}

// FingerprintAll implements target.Table.
func (l *Lander) FingerprintAll(ctx context.Context, tx sqldb.Tx) (record.Fingerprint, error) {
	return l.fingerprint(ctx, tx, l.dialect.QuoteName(l.table.Name)+" t", nil)
}

// Highest is the highest key, where keys are one whole number; false where they
// are not, or there is no row.
func (l *Lander) Highest(ctx context.Context, tx sqldb.Tx) (high int64, known bool, err error) {
	if !l.numbered() {
		return 0, false, nil
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT max(%s) FROM %s", l.dialect.Quote(l.key[0].Name), l.dialect.QuoteName(l.table.Name)))
	if err != nil {
		return 0, false, err
	}
	defer rows.Close()
	for rows.Next() {
		if value := readBack(l.key[0].Type, rows.Values()[0]); value.Kind() == record.KindInt {
			high, known = value.Int(), true
		}
	}
	return high, known, rows.Err()
}

// Above lists the keys above a number, the lowest first, at most so many. Above
// math.MinInt64 are all keys, also those of a column that cannot hold that number.
func (l *Lander) Above(ctx context.Context, tx sqldb.Tx, number int64, most int) ([][]record.Value, error) {
	name, where, args := l.dialect.Quote(l.key[0].Name), "", []any(nil)
	if number != math.MinInt64 {
		where, args = fmt.Sprintf(" WHERE %s > %s", name, l.dialect.Typed(l.dialect.Placeholder(1), l.key[0])), []any{record.Int(number)}
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %[1]s LIMIT %[4]d", name, l.dialect.QuoteName(l.table.Name), where, most), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys [][]record.Value
	for rows.Next() {
		keys = append(keys, []record.Value{readBack(l.key[0].Type, rows.Values()[0])})
	}
	return keys, rows.Err()
}

func (l *Lander) numbered() bool { return len(l.key) == 1 && l.key[0].Type.Kind == record.KindInt }

// fingerprint is that of the rows which the FROM clause yields as t.
func (l *Lander) fingerprint(ctx context.Context, tx sqldb.Tx, from string, args []any) (record.Fingerprint, error) {
	hasher, ok := l.dialect.(sqldb.RowHasher)
	if !ok {
		return l.hashHere(ctx, tx, from, args)
	}
	var f record.Fingerprint
	if err := sqldb.Drain(ctx, tx, hasher.PlainValues()); err != nil {
		return f, err
	}
	rows, err := tx.Query(ctx, hasher.FingerprintSQL(from), args...)
	if err != nil {
		return f, err
	}
	defer rows.Close()
	for rows.Next() {
		values := rows.Values()
		f.Rows = values[0].Int()
		for i := range f.Sum {
			sum, ok := new(big.Int).SetString(values[i+1].String(), 10)
			if !ok {
				return f, fmt.Errorf("hashing rows of %s: the database gave no whole number", l.table.Name)
			}
			f.Sum[i] = sum.And(sum, sixtyFourBits).Uint64()
		}
	}
	return f, rows.Err()
}

var sixtyFourBits = new(big.Int).SetUint64(1<<64 - 1)

// hashHere reads the rows and hashes them: all columns, each in the form in
// which it is stored.
func (l *Lander) hashHere(ctx context.Context, tx sqldb.Tx, from string, args []any) (record.Fingerprint, error) {
	var f record.Fingerprint
	list := make([]string, len(l.table.Columns))
	for i := range l.table.Columns {
		list[i] = "t." + l.dialect.Quote(l.table.Columns[i].Name)
	}
	rows, err := tx.Query(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+from, args...)
	if err != nil {
		return f, err
	}
	defer rows.Close()
	var row []byte
	for rows.Next() {
		row = row[:0]
		for _, value := range rows.Values() {
			row = appendCell(row, value)
		}
		sum := sha256.Sum256(row)
		f.AddRow(record.Hash(sum[:16]))
	}
	return f, rows.Err()
}

// appendCell writes a cell so that no two rows read the same. Text and bytes,
// which are most of a row, are copied as they are.
func appendCell(dst []byte, v record.Value) []byte {
	switch v.Kind() {
	case record.KindText, record.KindBytes:
		dst = append(dst, byte(v.Kind()))
		dst = binary.AppendUvarint(dst, uint64(len(v.Raw())))
		return append(dst, v.Raw()...)
	}
	return v.AppendBinary(dst)
}
