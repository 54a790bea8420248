package table

import (
	"context"
	"strconv"
	"strings"

	"landfall/internal/record"
	"landfall/internal/source"
)

// Slices counts the rows: one slice, in the order of the key.
func (o *origin) Slices(ctx context.Context) ([]source.Slice, error) {
	row, err := o.one(ctx, "SELECT count(*) FROM "+o.relation, 1)
	if err != nil {
		return nil, err
	}
	return []source.Slice{{Number: 0, Name: "rows", Count: row[0].Int()}}, nil
}

// Fingerprint is the columns, the number of rows and the range of the key.
func (o *origin) Fingerprint(ctx context.Context) ([]source.Fact, error) {
	columns := make([]string, len(o.columns))
	for i, column := range o.columns {
		columns[i] = strings.TrimSpace(column.Name + " " + column.Type.Native)
	}
	facts := []source.Fact{{Name: "columns", Value: strings.Join(columns, ", ")}}
	list := "count(*)"
	for _, i := range o.key {
		list += ", min(" + o.comparable(i) + "), max(" + o.comparable(i) + ")"
	}
	row, err := o.one(ctx, "SELECT "+list+" FROM "+o.relation, 1+2*len(o.key))
	if err != nil {
		return nil, err
	}
	facts = append(facts, source.Fact{Name: "rows", Value: strconv.FormatInt(row[0].Int(), 10)})
	for n, i := range o.key {
		facts = append(facts,
			source.Fact{Name: "lowest " + o.columns[i].Name, Value: row[1+2*n].String()},
			source.Fact{Name: "highest " + o.columns[i].Name, Value: row[2+2*n].String()})
	}
	return facts, nil
}

// comparable writes a column in a form of which there is a least and a most:
// numbers and times as they are, all else as text (PostgreSQL knows no least
// uuid).
func (o *origin) comparable(i int) string {
	switch o.columns[i].Type.Kind {
	case record.KindInt, record.KindFloat, record.KindDecimal, record.KindDate, record.KindTimestamp, record.KindTimestampTZ:
		return o.column(i)
	}
	return o.dialect.AsText(o.column(i))
}

// one runs a query that yields one row.
func (o *origin) one(ctx context.Context, sql string, width int) (row []record.Value, err error) {
	tx, end, err := o.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if failed := end(); err == nil {
			err = failed
		}
	}()
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	row = make([]record.Value, width)
	for rows.Next() {
		copy(row, rows.Values())
	}
	return row, rows.Err()
}
