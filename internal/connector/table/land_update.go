package table

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Update implements target.Table: the changes go into a temporary table and
// from there, in one statement, into the rows.
func (l *Lander) Update(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, changes []target.Change) (target.Landed, error) {
	if len(changes) == 0 {
		return target.Landed{}, nil
	}
	staged := make([]sqldb.Column, 0, len(l.key)+len(columns))
	var same, set []string
	name := l.dialect.QuoteName(l.table.Name)
	for i := range l.key {
		column := l.key[i]
		column.Name = fmt.Sprintf("landfall_k%d", i)
		staged = append(staged, column)
		same = append(same, fmt.Sprintf("%s.%s = s.%s", name, l.dialect.Quote(l.key[i].Name), l.dialect.Quote(column.Name)))
	}
	staged = append(staged, columns...)
	for i := range columns {
		quoted := l.dialect.Quote(columns[i].Name)
		set = append(set, quoted+" = s."+quoted)
	}
	rows := make([][]record.Value, len(changes))
	for i := range changes {
		rows[i] = append(append(make([]record.Value, 0, len(staged)), changes[i].Key...), changes[i].Values...)
	}
	b := &bisection{
		Lander: l, columns: staged, verdicts: map[int]*target.Refusal{},
		land: func(ctx context.Context, tx sqldb.Tx, stage sqldb.Name, from, to int64) (int64, error) {
			return tx.Exec(ctx, fmt.Sprintf("%s %s SET %s FROM %s AS s WHERE %s AND s.landfall_ord BETWEEN %d AND %d",
				l.dialect.Update(), name, strings.Join(set, ", "), l.dialect.QuoteName(stage), strings.Join(same, " AND "), from, to))
		},
		questions: l.referenceQuestions(coveredBy(columns)),
		again:     l.liftable(record.CodeUnique),
		absent:    record.CodeMissing,
	}
	return b.run(ctx, tx, rows)
}
