package reconcile

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// pageRows is how many rows of a table are looked at together.
const pageRows = 10_000

// pages walks through the entity's table by its key, a page in a snapshot of its
// own, so that no snapshot is held for long. see is given the key and the columns
// of each row; it may be called again for the same page. What it returns is
// called once when the page is settled.
func (c *comparison) pages(ctx context.Context, columns []sqldb.Column, see func(context.Context, sqldb.Tx, [][]record.Value) (func() error, error)) error {
	var after []record.Value
	all := append(append([]sqldb.Column(nil), c.Key...), columns...)
	for {
		if c.stopAsked() {
			return errStopped
		}
		var rows [][]record.Value
		var settle func() error
		err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			rows = rows[:0]
			query, args := c.pageQuery(all, after)
			err := sqldb.Each(ctx, tx, func(values []record.Value) error {
				rows = append(rows, fitted(all, values))
				return nil
			}, query, args...)
			if err != nil || len(rows) == 0 {
				return err
			}
			settle, err = see(ctx, tx, rows)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := settle(); err != nil {
			return err
		}
		after = rows[len(rows)-1][:len(c.Key)]
		if len(rows) < pageRows {
			return nil
		}
	}
}

func (c *comparison) pageQuery(columns []sqldb.Column, after []record.Value) (string, []any) {
	var list, key, bound []string
	var args []any
	for i := range columns {
		list = append(list, c.quote("t", columns[i].Name))
	}
	for i := range c.Key {
		key = append(key, c.quote("t", c.Key[i].Name))
		if after != nil {
			args = append(args, after[i])
			bound = append(bound, c.dialect().Typed(c.dialect().Placeholder(i+1), c.Key[i]))
		}
	}
	where := ""
	if after != nil {
		where = fmt.Sprintf(" WHERE (%s) > (%s)", strings.Join(key, ", "), strings.Join(bound, ", "))
	}
	return fmt.Sprintf("SELECT %s FROM %s t%s ORDER BY %s LIMIT %d",
		strings.Join(list, ", "), c.dialect().QuoteName(c.Table.Name), where, strings.Join(key, ", "), pageRows), args
}

// fitted brings values of the target into the form that written ones have.
func fitted(columns []sqldb.Column, values []record.Value) []record.Value {
	row := make([]record.Value, len(columns))
	for i := range columns {
		row[i] = values[i]
		if value, misfit := columns[i].Type.Fit(values[i]); misfit == nil {
			row[i] = value
		}
	}
	return row
}
