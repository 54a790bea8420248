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
// value. staged stands for the temporary table: a name may hold anything, so the
// query is no format.
type question struct {
	code    record.Code
	columns []string
	message string
	query   string
	holder  bool
	within  bool // it is about rows of the temporary table among themselves
}

// staged is what no name of a table or column can be.
const staged = "\x00staged\x00"

// ask finds the rows that break the constraint and takes them out of the
// temporary table. A question about rows of that table may have another answer
// once some of them are out, so it is asked until it finds none.
func (b *bisection) ask(ctx context.Context, tx sqldb.Tx, q question) error {
	for {
		broken, err := b.answer(ctx, tx, q)
		if err != nil || len(broken) == 0 {
			return err
		}
		relation, args := b.relationOf(broken)
		if _, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE landfall_ord IN (SELECT c0 FROM %s)", b.dialect.QuoteName(b.stage), relation), args...); err != nil {
			return err
		}
		if !q.within {
			return nil
		}
	}
}

// answer gives the places that are refused by the question alone. One that the
// database cannot compute for some row (a division by zero in a CHECK) is left
// to halving, which finds that row.
func (b *bisection) answer(ctx context.Context, tx sqldb.Tx, q question) (broken []int64, err error) {
	found := map[int]*target.Refusal{}
	refused, err := b.Lander.within(ctx, tx, func() error {
		rows, err := tx.Query(ctx, strings.ReplaceAll(q.query, staged, b.dialect.QuoteName(b.stage)))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			values := rows.Values()
			row := int(values[0].Int())
			if b.verdicts[row] != nil || found[row] != nil {
				continue
			}
			refusal := &target.Refusal{Row: row, Code: q.code, Columns: q.columns, Message: q.message}
			if q.holder {
				refusal.Holder = keyText(values[1:])
			}
			found[row] = refusal
			broken = append(broken, int64(row))
		}
		return rows.Err()
	})
	if err != nil || refused != nil {
		return nil, err
	}
	for row, refusal := range found {
		b.verdicts[row] = refusal
	}
	return broken, nil
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
	covers := coveredBy(columns)
	var questions []question
	for _, check := range l.table.Checks {
		if check.Expression != "" && covers(check.Columns) {
			questions = append(questions, l.checkQuestion(check))
		}
	}
	questions = append(questions, l.referenceQuestions(covers)...)
	for _, unique := range l.table.Uniques {
		if unique.Plain && covers(unique.Columns) && !unique.NullsEqual {
			questions = append(questions, l.heldQuestion(unique), l.twiceQuestion(unique))
		}
	}
	return questions
}

// coveredBy tells whether all columns of a constraint are among those written.
func coveredBy(columns []sqldb.Column) func(names []string) bool {
	written := map[string]bool{}
	for i := range columns {
		written[columns[i].Name] = true
	}
	return func(names []string) bool {
		for _, name := range names {
			if !written[name] {
				return false
			}
		}
		return len(names) > 0
	}
}

// referenceQuestions are asked of updates too: not every database tells which
// row breaks a deferred reference before the commit.
func (l *Lander) referenceQuestions(covers func([]string) bool) []question {
	var questions []question
	for _, fk := range l.table.ForeignKeys {
		if covers(fk.Columns) && len(fk.Referenced) == len(fk.Columns) {
			questions = append(questions, l.foreignKeyQuestion(fk, covers(fk.Referenced)))
		}
	}
	return questions
}

// liftable are refusals that landing another row of the batch can lift.
func (l *Lander) liftable(codes ...record.Code) map[record.Code]bool {
	again := map[record.Code]bool{}
	for _, code := range codes {
		again[code] = true
	}
	for _, fk := range l.table.ForeignKeys {
		if l.refersToItself(fk) {
			again[record.CodeForeignKey] = true
		}
	}
	return again
}

func (l *Lander) checkQuestion(check sqldb.Check) question {
	return question{
		code: record.CodeCheck, columns: check.Columns,
		message: fmt.Sprintf("the target's rule %s refuses it", check.Name),
		// The line break ends a comment at the expression's end.
		query: "SELECT landfall_ord FROM " + staged + " WHERE NOT (" + check.Expression + "\n)",
	}
}

// foreignKeyQuestion looks for the row among the staged ones, too, where those
// carry the columns that are referred to.
func (l *Lander) foreignKeyQuestion(fk sqldb.ForeignKey, carried bool) question {
	var present, same []string
	for i, name := range fk.Columns {
		present = append(present, "s."+l.dialect.Quote(name)+" IS NOT NULL")
		same = append(same, "p."+l.dialect.Quote(fk.Referenced[i])+" = s."+l.dialect.Quote(name))
	}
	where := strings.Join(present, " AND ")
	join := strings.Join(same, " AND ")
	query := fmt.Sprintf("SELECT s.landfall_ord FROM %s s WHERE %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)",
		staged, where, l.dialect.QuoteName(fk.References), join)
	within := carried && l.refersToItself(fk)
	if within {
		query += fmt.Sprintf(" AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)", staged, join)
	}
	return question{
		code: record.CodeForeignKey, columns: fk.Columns,
		message: fmt.Sprintf("%s holds no such row%s", fk.References, named(fk.Name)), query: query, within: within,
	}
}

func (l *Lander) refersToItself(fk sqldb.ForeignKey) bool {
	return fk.References.Table == l.table.Name.Table && (fk.References.Schema == l.table.Name.Schema || fk.References.Schema == "" || l.table.Name.Schema == "")
}

// named shows a constraint's name where it has one.
func named(constraint string) string {
	if constraint == "" {
		return ""
	}
	return " (" + constraint + ")"
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
		message: fmt.Sprintf("a row of the target holds the value already%s", named(unique.Name)),
		query: fmt.Sprintf("SELECT s.landfall_ord, %s FROM %s s %s %s t ON %s",
			strings.Join(key, ", "), staged, l.dialect.LookupJoin(), l.dialect.QuoteName(l.table.Name), strings.Join(same, " AND ")),
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
		message: fmt.Sprintf("an earlier record brings the same value%s", named(unique.Name)),
		query: fmt.Sprintf("SELECT landfall_ord FROM (SELECT landfall_ord, row_number() OVER (PARTITION BY %s ORDER BY landfall_ord) AS nth FROM %s WHERE %s) AS numbered WHERE nth > 1",
			strings.Join(names, ", "), staged, strings.Join(present, " AND ")),
	}
}
