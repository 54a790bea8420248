package table

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// MostGroups is how many groups of a total are told. A report over more of them
// is none, and each of them is a row in the books.
const MostGroups = 1000

// Total is what a total of a table is.
type Total struct {
	mapping.Total
	Groups  []TotalGroup // in no particular order; one without `by`
	TooMany bool         // there are more than MostGroups, and none is told
}

// TotalGroup is one group's part of a total.
type TotalGroup struct {
	Group string  // JSON array of its values as text, null for NULL; empty without `by`
	Value *string // decimal text, or a date's or time's; nil for the least or greatest of no values
}

// Totals takes totals over all rows of a table. Those over the same groups are
// taken in one walk over the table.
func Totals(ctx context.Context, tx sqldb.Tx, dialect sqldb.Dialect, table *sqldb.Table, totals []mapping.Total) ([]Total, error) {
	taken := make([]Total, len(totals))
	for i := range totals {
		taken[i].Total = totals[i]
	}
	for _, places := range sameGroups(totals) {
		walk, err := newWalk(dialect, table, totals, places)
		if err != nil {
			return nil, err
		}
		if err := walk.take(ctx, tx); err != nil {
			return nil, fmt.Errorf("taking %s over %s: %w", totals[places[0]].Text, table.Name, err)
		}
		for n, place := range places {
			taken[place].TooMany = walk.tooMany
			for key, group := range walk.groups {
				if !walk.tooMany {
					taken[place].Groups = append(taken[place].Groups, TotalGroup{Group: key, Value: group[n].text(walk.columns[n])})
				}
			}
		}
	}
	return taken, nil
}

// TooManyGroups finds the first of the totals that has more than MostGroups, or
// returns nil.
func TooManyGroups(ctx context.Context, tx sqldb.Tx, dialect sqldb.Dialect, table *sqldb.Table, totals []mapping.Total) (*mapping.Total, error) {
	for _, places := range sameGroups(totals) {
		total := &totals[places[0]]
		if len(total.By) == 0 {
			continue
		}
		count, err := countGroups(ctx, tx, dialect, table, total)
		if err != nil {
			return nil, fmt.Errorf("counting the groups of %s in %s: %w", total.Text, table.Name, err)
		}
		if count > MostGroups {
			return total, nil
		}
	}
	return nil, nil
}

// countGroups counts no further than it must.
func countGroups(ctx context.Context, tx sqldb.Tx, dialect sqldb.Dialect, table *sqldb.Table, total *mapping.Total) (int64, error) {
	list := make([]string, len(total.By))
	for i, name := range total.By {
		list[i] = fmt.Sprintf("%s AS c%d", dialect.AsText(dialect.Quote(name)), i)
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT DISTINCT %s FROM %s LIMIT %d) AS groups", strings.Join(list, ", "), dialect.QuoteName(table.Name), MostGroups+1))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	count := int64(0)
	for rows.Next() {
		count = rows.Values()[0].Int()
	}
	return count, rows.Err()
}

// sameGroups puts the places of totals over the same groups together.
func sameGroups(totals []mapping.Total) [][]int {
	var together [][]int
	for i := range totals {
		at := slices.IndexFunc(together, func(places []int) bool { return slices.Equal(totals[places[0]].By, totals[i].By) })
		if at < 0 {
			together = append(together, []int{i})
			continue
		}
		together[at] = append(together[at], i)
	}
	return together
}

// walk is one walk over a table.
type walk struct {
	dialect sqldb.Dialect
	table   *sqldb.Table
	by      []*sqldb.Column
	totals  []*mapping.Total
	columns []*sqldb.Column // of each total; nil for count()
	groups  map[string][]tally
	tooMany bool
}

func newWalk(dialect sqldb.Dialect, table *sqldb.Table, totals []mapping.Total, places []int) (*walk, error) {
	w := &walk{dialect: dialect, table: table, groups: map[string][]tally{}}
	find := func(name string) (*sqldb.Column, error) {
		column, ok := table.Column(name)
		if !ok {
			return nil, fmt.Errorf("%s has no column %q, which a total wants", table.Name, name)
		}
		return column, nil
	}
	for _, name := range totals[places[0]].By {
		column, err := find(name)
		if err != nil {
			return nil, err
		}
		w.by = append(w.by, column)
	}
	for _, place := range places {
		var column *sqldb.Column
		if name := totals[place].Column; name != "" {
			var err error
			if column, err = find(name); err != nil {
				return nil, err
			}
		}
		w.totals, w.columns = append(w.totals, &totals[place]), append(w.columns, column)
	}
	if len(w.by) == 0 {
		w.groups[""] = w.tallies()
	}
	return w, nil
}

// tallies are those of one more group.
func (w *walk) tallies() []tally {
	tallies := make([]tally, len(w.totals))
	for i, total := range w.totals {
		tallies[i].function = total.Func
	}
	return tallies
}

// take asks the database for the totals of each group where it adds up exactly,
// and for all rows where it does not.
func (w *walk) take(ctx context.Context, tx sqldb.Tx) error {
	summer, answered := w.dialect.(sqldb.ExactSummer)
	var list, by []string
	for _, column := range w.by {
		quoted := w.dialect.Quote(column.Name)
		if answered {
			// By their text: which of several texts of equal values stood for a group
			// would be the database's choice.
			quoted = w.dialect.AsText(quoted)
		}
		list, by = append(list, quoted), append(by, quoted)
	}
	for i, total := range w.totals {
		list = append(list, w.asked(total, w.columns[i], summer))
	}
	query := "SELECT " + strings.Join(list, ", ") + " FROM " + w.dialect.QuoteName(w.table.Name)
	if answered && len(by) > 0 {
		query += fmt.Sprintf(" GROUP BY %s LIMIT %d", strings.Join(by, ", "), MostGroups+1)
	}
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := w.add(rows.Values(), answered); err != nil {
			return err
		}
		if w.tooMany {
			return nil
		}
	}
	return rows.Err()
}

// asked writes what the database is asked for: the total of a group, or with no
// summer what a row adds to it.
func (w *walk) asked(total *mapping.Total, column *sqldb.Column, summer sqldb.ExactSummer) string {
	if column == nil {
		if summer != nil {
			return "count(*)"
		}
		return "1"
	}
	quoted := w.dialect.Quote(column.Name)
	switch {
	case summer == nil && total.Func == mapping.TotalCount:
		return "CASE WHEN " + quoted + " IS NULL THEN 0 ELSE 1 END"
	case summer == nil:
		return quoted
	case total.Func == mapping.TotalSum:
		return summer.ExactSum(quoted, column)
	}
	return string(total.Func) + "(" + quoted + ")"
}

// add takes a row of the answer in.
func (w *walk) add(values []record.Value, answered bool) error {
	group, err := w.group(values[:len(w.by)])
	if err != nil || w.tooMany {
		return err
	}
	for i, value := range values[len(w.by):] {
		group[i].add(w.columns[i], value, answered)
	}
	return nil
}

// group finds the tallies of the group with the given values.
func (w *walk) group(values []record.Value) ([]tally, error) {
	if len(values) == 0 {
		return w.groups[""], nil
	}
	texts := make([]*string, len(values))
	for i, value := range values {
		if !value.IsNull() {
			text := readBack(w.by[i].Type, value).String()
			texts[i] = &text
		}
	}
	key, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	group, known := w.groups[string(key)]
	if !known {
		if len(w.groups) == MostGroups {
			w.tooMany = true
			return nil, nil
		}
		group = w.tallies()
		w.groups[string(key)] = group
	}
	return group, nil
}
