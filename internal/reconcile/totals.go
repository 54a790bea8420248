package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"landfall/internal/dedupe"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// counted is a declared total whose columns the mapping fills, with their places.
type counted struct {
	*mapping.Total
	column int // -1 for count()
	by     []int
}

// countable are the totals that source and mapping say: all their columns are
// compared.
func (c *comparison) countable(place func(string) int) []counted {
	var totals []counted
	for i := range c.Totals {
		t := counted{Total: &c.Totals[i], column: -1}
		if c.unsaid(t.Total) != "" {
			continue
		}
		if t.Column != "" {
			t.column = place(t.Column)
		}
		for _, name := range t.By {
			t.by = append(t.by, place(name))
		}
		totals = append(totals, t)
	}
	return totals
}

// unsaid is a column of the total of which source and mapping do not say what it
// must hold, or "".
func (c *comparison) unsaid(t *mapping.Total) string {
	for _, name := range append([]string{t.Column}, t.By...) {
		if name != "" && !slices.Contains(c.Compared(), name) {
			return name
		}
	}
	return ""
}

// tellUncountable tells which totals are not compared.
func (c *comparison) tellUncountable() {
	for i := range c.Totals {
		if name := c.unsaid(&c.Totals[i]); name != "" {
			c.stored.LookedNot(fmt.Sprintf("total %s: source and mapping do not say what %s must hold", c.Totals[i].Text, name))
		}
	}
}

// take counts a row into a total.
func (t *counted) take(into sums, row []record.Value) {
	group := ""
	if len(t.by) > 0 {
		values := make([]*string, len(t.by))
		for i, place := range t.by {
			values[i] = textOf(row[place])
		}
		text, _ := json.Marshal(values) // texts always marshal
		group = string(text)
	}
	value := record.Null()
	if t.column >= 0 {
		value = row[t.column]
	}
	into.count(t.Total, group, value)
}

// sum counts a record's row, which is there as it must be, into the totals that
// are expected.
func (c *comparison) sum(j *judgement, x *run.Expected) {
	if owns(&x.Entry) && x.Row != nil {
		c.sumRow(j, x.Row)
	}
}

func (c *comparison) sumRow(j *judgement, row []record.Value) {
	for i := range c.totals {
		c.totals[i].take(j.sums, row)
	}
}

// sumSeen counts a record whose row is not as it must be: what is expected where
// that can be told, else what is there.
func (c *comparison) sumSeen(j *judgement, s *seen) {
	switch {
	case !owns(&s.Entry):
	case s.Row != nil && s.Rejection == nil:
		c.sumRow(j, s.Row)
	case s.row != nil:
		c.sumRow(j, s.row)
	}
}

// findTotals adds the rows up that the entity's records own, and compares.
func (c *comparison) findTotals(ctx context.Context) error {
	return c.spooling(ctx, "totals", "", func(found *dedupe.Spool) error {
		c.tellUncountable()
		if len(c.totals) == 0 {
			return nil
		}
		there, err := c.addUp(ctx)
		if err != nil {
			return err
		}
		for i := range c.totals {
			t := &c.totals[i]
			expected, is := c.at.Sums[t.Text], there[t.Text]
			if len(expected) > groupsAtMost || len(is) > groupsAtMost {
				c.stored.LookedNot(fmt.Sprintf("total %s: it has more than %d groups", t.Text, groupsAtMost))
				continue
			}
			groups := maps.Clone(expected)
			if groups == nil {
				groups = map[string]*tally{}
			}
			maps.Copy(groups, is)
			for _, group := range slices.Sorted(maps.Keys(groups)) {
				want, have := expected[group].text(t.Total), is[group].text(t.Total)
				if want == nil && have == nil || want != nil && have != nil && *want == *have {
					continue
				}
				c.stored.Counts[string(verdict.Total)]++
				d := &verdict.Difference{
					Entity: c.Name, Verdict: verdict.Total, Expected: want, Found: have, Rule: t.Text,
					Message: "over the rows that the records own",
				}
				if group != "" {
					d.Message += fmt.Sprintf(", in the group %s", group)
				}
				if err := appendDifference(found, d); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// addUp takes the totals of the rows that the entity's records own.
func (c *comparison) addUp(ctx context.Context) (sums, error) {
	var columns []sqldb.Column
	key := len(c.Key)
	place := func(name string) int {
		at := slices.IndexFunc(columns, func(column sqldb.Column) bool { return column.Name == name })
		if at < 0 {
			at = len(columns)
			column, _ := c.Table.Column(name)
			columns = append(columns, *column)
		}
		return key + at
	}
	totals := c.countable(place)
	all := sums{}
	return all, c.pages(ctx, columns, func(ctx context.Context, tx sqldb.Tx, rows [][]record.Value) (func() error, error) {
		texts := make([]string, len(rows))
		for i, row := range rows {
			texts[i] = c.KeyText(row[:key])
		}
		owners, err := c.Store().Owners(ctx, tx, texts)
		if err != nil {
			return nil, err
		}
		return func() error {
			for i, row := range rows {
				if owner, owned := owners[texts[i]]; owned && c.isOurs(owner) {
					for n := range totals {
						totals[n].take(all, row)
					}
				}
			}
			return nil
		}, nil
	})
}
