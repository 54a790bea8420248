package table

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// question asks the database which staged rows break one constraint. Its query
// yields landfall_ord and, for unique rules, the key of the row that holds the
// value. %s stands for the temporary table.
type question struct {
	code    record.Code
	columns []string
	message string
	query   string
	holder  bool
}

func (b *bisection) ask(ctx context.Context, tx sqldb.Tx, q question) error {
	stage := b.dialect.QuoteName(b.stage)
	var broken []int64
	rows, err := tx.Query(ctx, fmt.Sprintf(q.query, stage))
	if err != nil {
		return err
	}
	for rows.Next() {
		values := rows.Values()
		row := int(values[0].Int())
		if b.verdicts[row] != nil {
			continue
		}
		refusal := &target.Refusal{Row: row, Code: q.code, Columns: q.columns, Message: q.message}
		if q.holder {
			refusal.Holder = keyText(values[1:])
		}
		b.verdicts[row] = refusal
		broken = append(broken, int64(row))
	}
	rows.Close()
	if err := rows.Err(); err != nil || len(broken) == 0 {
		return err
	}
	cells := make([][]record.Value, len(broken))
	for i, ord := range broken {
		cells[i] = []record.Value{record.Int(ord)}
	}
	relation, args := b.dialect.Relation("k", []sqldb.Column{ordColumn}, cells, 1)
	_, err = tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE landfall_ord IN (SELECT c0 FROM %s)", stage, relation), args...)
	return err
}

func keyText(values []record.Value) string {
	parts := make([]string, len(values))
	for i, value := range values {
		parts[i] = value.String()
	}
	return record.JoinKey(parts...)
}

// insertQuestions are the constraints of the table that new rows can be held
// against as a set. What no question covers is found by halving.
func (l *Lander) insertQuestions(columns []sqldb.Column) []question {
	written := map[string]bool{}
	for i := range columns {
		written[columns[i].Name] = true
	}
	covers := func(names []string) bool {
		for _, name := range names {
			if !written[name] {
				return false
			}
		}
		return len(names) > 0
	}
	var questions []question
	for _, check := range l.table.Checks {
		if check.Expression != "" && covers(check.Columns) {
			questions = append(questions, l.checkQuestion(check))
		}
	}
	for _, fk := range l.table.ForeignKeys {
		if covers(fk.Columns) && len(fk.Referenced) == len(fk.Columns) {
			questions = append(questions, l.foreignKeyQuestion(fk))
		}
	}
	for _, unique := range l.table.Uniques {
		if unique.Plain && covers(unique.Columns) && !unique.NullsEqual {
			questions = append(questions, l.heldQuestion(unique), l.twiceQuestion(unique))
		}
	}
	return questions
}

func (l *Lander) checkQuestion(check sqldb.Check) question {
	return question{
		code: record.CodeCheck, columns: check.Columns,
		message: fmt.Sprintf("the target's rule %s refuses it", check.Name),
		query:   "SELECT landfall_ord FROM %s WHERE NOT (" + strings.ReplaceAll(check.Expression, "%", "%%") + ")",
	}
}

func (l *Lander) foreignKeyQuestion(fk sqldb.ForeignKey) question {
	var present, same []string
	for i, name := range fk.Columns {
		present = append(present, "s."+l.dialect.Quote(name)+" IS NOT NULL")
		same = append(same, "p."+l.dialect.Quote(fk.Referenced[i])+" = s."+l.dialect.Quote(name))
	}
	where := strings.Join(present, " AND ")
	join := strings.Join(same, " AND ")
	query := fmt.Sprintf("SELECT s.landfall_ord FROM %%[1]s s WHERE %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)",
		where, l.dialect.QuoteName(fk.References), join)
	if fk.References.Table == l.table.Name.Table {
		query += fmt.Sprintf(" AND NOT EXISTS (SELECT 1 FROM %%[1]s p WHERE %s)", join)
	}
	return question{
		code: record.CodeForeignKey, columns: fk.Columns,
		message: fmt.Sprintf("%s holds no such row (%s)", fk.References, fk.Name), query: query,
	}
}

// heldQuestion finds rows whose value a row of the target holds already.
func (l *Lander) heldQuestion(unique sqldb.Unique) question {
	var same, key []string
	for _, name := range unique.Columns {
		same = append(same, "t."+l.dialect.Quote(name)+" = s."+l.dialect.Quote(name))
	}
	for i := range l.key {
		key = append(key, "t."+l.dialect.Quote(l.key[i].Name))
	}
	return question{
		code: record.CodeUnique, columns: unique.Columns, holder: true,
		message: fmt.Sprintf("a row of the target holds the value already (%s)", unique.Name),
		query: fmt.Sprintf("SELECT s.landfall_ord, %s FROM %%s s %s %s t ON %s",
			strings.Join(key, ", "), l.dialect.LookupJoin(), l.dialect.QuoteName(l.table.Name), strings.Join(same, " AND ")),
	}
}

// twiceQuestion finds rows whose value an earlier row of the batch brings.
func (l *Lander) twiceQuestion(unique sqldb.Unique) question {
	var names, present []string
	for _, name := range unique.Columns {
		names = append(names, l.dialect.Quote(name))
		present = append(present, l.dialect.Quote(name)+" IS NOT NULL")
	}
	return question{
		code: record.CodeUnique, columns: unique.Columns,
		message: fmt.Sprintf("an earlier record brings the same value (%s)", unique.Name),
		query: fmt.Sprintf("SELECT landfall_ord FROM (SELECT landfall_ord, row_number() OVER (PARTITION BY %s ORDER BY landfall_ord) AS nth FROM %%s WHERE %s) AS numbered WHERE nth > 1",
			strings.Join(names, ", "), strings.Join(present, " AND ")),
	}
}
