package table

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Doomed is a set of rows that are to go together, by their keys, in a
// temporary table: it may be larger than memory, and its rows may refer to each
// other. It lasts as long as its transaction.
type Doomed struct {
	*Lander
	stage   sqldb.Name
	columns []sqldb.Column // the key's, under names of the temporary table's own
}

// Doom makes an empty set. Sets that are there at the same time have different
// marks.
func (l *Lander) Doom(ctx context.Context, tx sqldb.Tx, mark string) (*Doomed, error) {
	d := &Doomed{Lander: l}
	for i, column := range l.key {
		column.Name = fmt.Sprintf("landfall_%s_%d", mark, i)
		d.columns = append(d.columns, column)
	}
	ddl, stage := l.dialect.StageTable(d.columns)
	d.stage = stage
	for _, statement := range ddl {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Add puts rows into the set; places tell them apart in all answers.
func (d *Doomed) Add(ctx context.Context, tx sqldb.Tx, places []int64, keys [][]record.Value) error {
	columns := append([]sqldb.Column{ordColumn}, d.columns...)
	cells := make([]record.Value, len(columns))
	at := 0
	written, err := tx.BulkInsert(ctx, d.stage, columns, func() []record.Value {
		if at == len(keys) {
			return nil
		}
		cells[0] = record.Int(places[at])
		copy(cells[1:], keys[at])
		at++
		return cells
	})
	if err == nil && written != int64(len(keys)) {
		err = fmt.Errorf("%d keys sent to a temporary table, %d written", len(keys), written)
	}
	return err
}

// Spare takes rows out of the set.
func (d *Doomed) Spare(ctx context.Context, tx sqldb.Tx, places []int64) error {
	if len(places) == 0 {
		return nil
	}
	relation, args := (&bisection{Lander: d.Lander}).relationOf(places)
	_, err := tx.Exec(ctx, "DELETE FROM "+d.dialect.QuoteName(d.stage)+" WHERE landfall_ord IN (SELECT c0 FROM "+relation+")", args...)
	return err
}

// Referrer is a row that refers to one of a set.
type Referrer struct {
	Place int64          // of the row that it refers to
	Key   []record.Value // empty where its table has no primary key
}

// Referrers finds the rows that refer to rows of the set by the reference, at
// most so many for each and, unless it is 0, so many in all. Rows of among do
// not count; it is a set of the table that refers, whose key then names the
// rows, or nil.
func (d *Doomed) Referrers(ctx context.Context, tx sqldb.Tx, by sqldb.Reference, among *Doomed, most, all int) (found []Referrer, err error) {
	key := by.Key
	if among != nil {
		key = namesOf(among.key)
	}
	quote := d.dialect.Quote
	var inner, outer, same, refers []string
	for i, name := range key {
		inner = append(inner, fmt.Sprintf("t.%s AS k%d", quote(name), i))
		outer = append(outer, fmt.Sprintf("k%d", i))
	}
	for i := range d.key {
		same = append(same, fmt.Sprintf("p.%s = s.%s", quote(d.key[i].Name), quote(d.columns[i].Name)))
	}
	for i, name := range by.Columns {
		holds, held := "t."+quote(name), "p."+quote(by.Referenced[i])
		if by.AsText {
			holds, held = d.dialect.AsText(holds), d.dialect.AsText(held)
		}
		refers = append(refers, holds+" = "+held)
	}
	order := "landfall_ord"
	if len(key) > 0 {
		order = strings.Join(prefixed("t.", key, quote), ", ")
	}
	join := d.dialect.LookupJoin()
	query := fmt.Sprintf("SELECT %s FROM (SELECT s.landfall_ord AS ord, %srow_number() OVER (PARTITION BY s.landfall_ord ORDER BY %s) AS nth FROM %s s %s %s p ON %s %s %s t ON %s",
		strings.Join(append([]string{"ord"}, outer...), ", "), strings.Join(append(inner, ""), ", "), order,
		d.dialect.QuoteName(d.stage), join, d.dialect.QuoteName(d.table.Name), strings.Join(same, " AND "),
		join, d.dialect.QuoteName(by.From), strings.Join(refers, " AND "))
	if among != nil {
		query += fmt.Sprintf(" WHERE %s NOT IN (SELECT %s FROM %s)", tuple(prefixed("t.", key, quote)),
			strings.Join(prefixed("", namesOf(among.columns), quote), ", "), d.dialect.QuoteName(among.stage))
	}
	query += fmt.Sprintf(") AS numbered WHERE nth <= %d ORDER BY ord, nth", most)
	if all > 0 {
		query += fmt.Sprintf(" LIMIT %d", all)
	}
	// The columns that refer may have no index: where they have none, walking the
	// table once beats walking it for every row.
	if err := sqldb.PreferIndexes(ctx, tx, d.dialect, false); err != nil {
		return nil, err
	}
	defer func() {
		if err == nil {
			err = sqldb.PreferIndexes(ctx, tx, d.dialect, true)
		}
	}()
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		values := rows.Values()
		referrer := Referrer{Place: values[0].Int(), Key: slices.Clone(values[1:])}
		if among != nil {
			for i := range referrer.Key {
				referrer.Key[i] = readBack(among.key[i].Type, referrer.Key[i])
			}
		}
		found = append(found, referrer)
	}
	return found, rows.Err()
}

func prefixed(prefix string, names []string, quote func(string) string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + quote(name)
	}
	return out
}

// tuple writes several columns as one value; one is itself.
func tuple(columns []string) string {
	if len(columns) == 1 {
		return columns[0]
	}
	return "(" + strings.Join(columns, ", ") + ")"
}

// members is the condition that a row is of the set, at the places that where
// selects.
func (d *Doomed) members(where string) string {
	return fmt.Sprintf("%s IN (SELECT %s FROM %s%s)", tuple(prefixed("", namesOf(d.key), d.dialect.Quote)),
		strings.Join(prefixed("", namesOf(d.columns), d.dialect.Quote), ", "), d.dialect.QuoteName(d.stage), where)
}

// Remove deletes the rows of the set, which the ascending places name, in one
// statement. When the database refuses it each row is judged on its own, and
// those that are refused stay and are told.
func (d *Doomed) Remove(ctx context.Context, tx sqldb.Tx, places []int64) (target.Landed, error) {
	if len(places) == 0 {
		return target.Landed{}, nil
	}
	b := &bisection{
		Lander: d.Lander, stage: d.stage, columns: d.columns, verdicts: map[int]*target.Refusal{}, again: map[record.Code]bool{record.CodeForeignKey: true},
		land: func(ctx context.Context, tx sqldb.Tx, _ sqldb.Name, from, to int64) (int64, error) {
			return d.delete(ctx, tx, fmt.Sprintf(" WHERE landfall_ord BETWEEN %d AND %d", from, to))
		},
	}
	if err := b.settle(ctx, tx, places); err != nil {
		return target.Landed{}, err
	}
	var landed target.Landed
	for _, place := range places {
		if refusal := b.verdicts[int(place)]; refusal != nil {
			landed.Refused = append(landed.Refused, *refusal)
		}
	}
	return landed, nil
}

// Detach empties the columns in the rows of the set, so that what they refer to
// can go.
func (d *Doomed) Detach(ctx context.Context, tx sqldb.Tx, columns []string) error {
	set := make([]string, len(columns))
	for i, name := range columns {
		set[i] = d.dialect.Quote(name) + " = NULL"
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("%s %s SET %s WHERE %s", d.dialect.Update(), d.dialect.QuoteName(d.table.Name), strings.Join(set, ", "), d.members("")))
	return err
}

// RemoveAll deletes all rows of the set, which are so many, in one statement.
func (d *Doomed) RemoveAll(ctx context.Context, tx sqldb.Tx, many int64) error {
	gone, err := d.delete(ctx, tx, "")
	if err == nil && gone != many {
		err = &shortWrite{sent: many, kept: gone}
	}
	if err != nil {
		return err
	}
	return d.force(ctx, tx)
}

// delete deletes the rows of the set at the places that the condition selects,
// and returns how many of them are gone. Not every database counts those that
// went along with others, by a reference of their own.
func (d *Doomed) delete(ctx context.Context, tx sqldb.Tx, where string) (int64, error) {
	name, stage := d.dialect.QuoteName(d.table.Name), d.dialect.QuoteName(d.stage)
	gone, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s", name, d.members(where)))
	if err != nil {
		return 0, err
	}
	sent, err := d.number(ctx, tx, "SELECT count(*) FROM "+stage+where)
	if err != nil || gone == sent {
		return gone, err
	}
	left, err := d.number(ctx, tx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", name, d.members(where)))
	return sent - left, err
}

// Attempt runs work that deletes or changes rows under a savepoint. What the
// database refuses for the content of rows is undone and returned.
func (l *Lander) Attempt(ctx context.Context, tx sqldb.Tx, work func() error) (refused *sqldb.Fault, err error) {
	return l.within(ctx, tx, work)
}

// Chunk lists the rows of the set above a place, at most so many, in order.
func (d *Doomed) Chunk(ctx context.Context, tx sqldb.Tx, above int64, most int) (places []int64, keys [][]record.Value, err error) {
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT landfall_ord, %s FROM %s WHERE landfall_ord > %d ORDER BY landfall_ord LIMIT %d",
		strings.Join(prefixed("", namesOf(d.columns), d.dialect.Quote), ", "), d.dialect.QuoteName(d.stage), above, most))
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		values := rows.Values()
		key := make([]record.Value, len(d.key))
		for i := range key {
			key[i] = readBack(d.key[i].Type, values[i+1])
		}
		places, keys = append(places, values[0].Int()), append(keys, key)
	}
	return places, keys, rows.Err()
}

// Count is how many rows the set has.
func (d *Doomed) Count(ctx context.Context, tx sqldb.Tx) (int64, error) {
	return d.number(ctx, tx, "SELECT count(*) FROM "+d.dialect.QuoteName(d.stage))
}

func (d *Doomed) number(ctx context.Context, tx sqldb.Tx, query string) (int64, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	many := int64(0)
	for rows.Next() {
		many = rows.Values()[0].Int()
	}
	return many, rows.Err()
}

// Keys reads the keys of the rows at ascending places.
func (d *Doomed) Keys(ctx context.Context, tx sqldb.Tx, places []int64) ([][]record.Value, error) {
	relation, args := (&bisection{Lander: d.Lander}).relationOf(places)
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s FROM %s %s %s s ON s.landfall_ord = k.c0 ORDER BY k.ord",
		strings.Join(prefixed("s.", namesOf(d.columns), d.dialect.Quote), ", "), relation, d.dialect.LookupJoin(), d.dialect.QuoteName(d.stage)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys [][]record.Value
	for rows.Next() {
		key := make([]record.Value, len(d.key))
		for i, value := range rows.Values() {
			key[i] = readBack(d.key[i].Type, value)
		}
		keys = append(keys, key)
	}
	if rows.Err() == nil && len(keys) != len(places) {
		return nil, fmt.Errorf("asked for %d rows of a temporary table, found %d", len(places), len(keys))
	}
	return keys, rows.Err()
}
