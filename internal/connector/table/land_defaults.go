package table

import (
	"context"
	"regexp"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// constant is a literal with casts behind it; nothing in it is computed.
var constant = regexp.MustCompile(`(?is)^[\s(]*(null|true|false|[-+]?[0-9][0-9.]*(?:e[-+]?[0-9]+)?|'((?:[^']|'')*)')[\s)]*(?:::[a-z0-9_ ."(),\[\]]+)*$`)

// moving are literals that mean another time each time.
var moving = map[string]bool{"now": true, "today": true, "tomorrow": true, "yesterday": true}

// Defaults tells what the database puts into columns that an insert leaves out:
// NULL, or a constant. known is false for those whose default is computed anew
// for each row, or not told by the catalogue.
func (l *Lander) Defaults(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column) (values []record.Value, known []bool, err error) {
	values, known = make([]record.Value, len(columns)), make([]bool, len(columns))
	var asked []int
	var list []string
	for i := range columns {
		column := &columns[i]
		switch found := constant.FindStringSubmatch(column.Default); {
		case column.Generated || column.Identity:
		case !column.HasDefault:
			known[i] = true
		case found != nil && !moving[strings.ToLower(strings.TrimSpace(found[2]))]:
			known[i] = true
			asked = append(asked, i)
			list = append(list, "("+column.Default+")")
		}
	}
	if len(asked) == 0 {
		return values, known, nil
	}
	rows, err := tx.Query(ctx, "SELECT "+strings.Join(list, ", "))
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		for n, value := range rows.Values() {
			values[asked[n]] = readBack(columns[asked[n]].Type, value)
		}
	}
	return values, known, rows.Err()
}
