package table

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Rule is one that the table declares and that rows can be held against before
// they are written.
type Rule struct {
	Code    record.Code
	Columns []string
	Message string
	// References and Referenced are set of a foreign key.
	References sqldb.Name
	Referenced []string

	question question
}

// Rules are those that speak of the given columns alone, in the order in which
// Insert asks for them: what is foreseen must be what comes.
func (l *Lander) Rules(columns []sqldb.Column) []Rule {
	covers := coveredBy(columns)
	var rules []Rule
	add := func(q question) *Rule {
		rules = append(rules, Rule{Code: q.code, Columns: q.columns, Message: q.message, question: q})
		return &rules[len(rules)-1]
	}
	for _, check := range l.table.Checks {
		if check.Expression != "" && covers(check.Columns) {
			add(l.checkQuestion(check))
		}
	}
	for _, fk := range l.table.ForeignKeys {
		if covers(fk.Columns) && len(fk.Referenced) == len(fk.Columns) {
			rule := add(l.foreignKeyQuestion(fk, false))
			rule.References, rule.Referenced = fk.References, fk.Referenced
		}
	}
	for _, unique := range l.table.Uniques {
		if unique.Plain && covers(unique.Columns) && !unique.NullsEqual {
			add(l.heldQuestion(unique))
		}
	}
	return rules
}

// Unforeseen are the declared rules that only the database can judge, in words.
func (l *Lander) Unforeseen() []string {
	var words []string
	for _, check := range l.table.Checks {
		if check.Expression == "" {
			words = append(words, fmt.Sprintf("the rule %s of %s", check.Name, l.table.Name))
		}
	}
	for _, unique := range l.table.Uniques {
		if !unique.Plain || unique.NullsEqual {
			words = append(words, fmt.Sprintf("the unique rule %s of %s, over expressions, part of the rows, NULLs or regardless of case", unique.Name, l.table.Name))
		}
	}
	for _, trigger := range l.table.Triggers {
		if trigger.OnInsert || trigger.OnUpdate {
			words = append(words, fmt.Sprintf("the trigger %s of %s", trigger.Name, l.table.Name))
		}
	}
	return words
}

// Breaking finds those of the rows that would break a rule as the table is now,
// in order. It writes nothing, a temporary table neither. A rule that cannot be
// computed for a row refuses that row.
func (l *Lander) Breaking(ctx context.Context, tx sqldb.Tx, rule *Rule, columns []sqldb.Column, rows [][]record.Value) ([]target.Refusal, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	needed, cut := neededBy(rule, columns, rows)
	var broken []target.Refusal
	fault, err := l.within(ctx, tx, func() error {
		broken = broken[:0]
		relation, args := l.dialect.Relation("r", needed, cut, 1)
		list := "ord AS landfall_ord"
		for i := range needed {
			list += ", " + l.dialect.Staged(fmt.Sprintf("c%d", i), needed[i]) + " AS " + l.dialect.Quote(needed[i].Name)
		}
		query := fmt.Sprintf("WITH landfall_stage AS (SELECT %s FROM %s) ", list, relation) + strings.ReplaceAll(rule.question.query, staged, "landfall_stage") + " ORDER BY 1"
		result, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer result.Close()
		for result.Next() {
			values := result.Values()
			row := int(values[0].Int())
			if n := len(broken); n > 0 && broken[n-1].Row == row {
				continue
			}
			refusal := target.Refusal{Row: row, Code: rule.Code, Columns: rule.Columns, Message: rule.Message}
			if rule.question.holder {
				refusal.Holder = keyText(values[1:])
			}
			broken = append(broken, refusal)
		}
		return result.Err()
	})
	if err != nil || fault == nil {
		return broken, err
	}
	if len(rows) == 1 {
		return []target.Refusal{{Code: fault.Code, Columns: l.columnsOf(fault), Message: fault.Message}}, nil
	}
	middle := len(rows) / 2
	first, err := l.Breaking(ctx, tx, rule, columns, rows[:middle])
	if err != nil {
		return nil, err
	}
	second, err := l.Breaking(ctx, tx, rule, columns, rows[middle:])
	for i := range second {
		second[i].Row += middle
	}
	return append(first, second...), err
}

// neededBy cuts rows down to the columns that a rule speaks of.
func neededBy(rule *Rule, columns []sqldb.Column, rows [][]record.Value) ([]sqldb.Column, [][]record.Value) {
	var needed []sqldb.Column
	var places []int
	for _, name := range rule.Columns {
		for i := range columns {
			if columns[i].Name == name {
				needed, places = append(needed, columns[i]), append(places, i)
			}
		}
	}
	cut := make([][]record.Value, len(rows))
	slab := make([]record.Value, len(rows)*len(places))
	for i, row := range rows {
		cut[i] = slab[i*len(places) : (i+1)*len(places)]
		for n, place := range places {
			cut[i][n] = row[place]
		}
	}
	return needed, cut
}
