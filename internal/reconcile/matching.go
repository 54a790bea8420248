package reconcile

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// matcher sums up the columns by which the mapping knows rows again, so that
// rows that agree in them have one sum.
type matcher struct {
	columns []sqldb.Column
	places  []int
	hasher  *record.Hasher
	values  []record.Value
}

// newMatcher is given where a column stands in the rows that are summed up.
func (c *comparison) newMatcher(place func(name string) int) *matcher {
	m := &matcher{columns: c.Match, values: make([]record.Value, len(c.Match))}
	names, index := make([]string, len(c.Match)), make([]int, len(c.Match))
	for i := range c.Match {
		names[i], index[i] = c.Match[i].Name, i
		m.places = append(m.places, place(c.Match[i].Name))
	}
	m.hasher = record.NewHasher(names, index)
	return m
}

// sum is nil where a value is blank, since blank ones never match. Where the
// target ignores case, so does the sum; it may ignore more of it than the target.
func (m *matcher) sum(row []record.Value) *record.Hash {
	if len(m.columns) == 0 {
		return nil
	}
	for i, place := range m.places {
		value := row[place]
		if value.IsNull() || value.IsEmptyText() {
			return nil
		}
		if m.columns[i].Type.FoldCase && value.Kind() == record.KindText {
			value = record.Text(strings.ToLower(value.String()))
		}
		m.values[i] = value
	}
	sum := m.hasher.Sum(m.values)
	return &sum
}

// meetMatches walks through the table for rows of records that agree with stray
// ones. One walk serves all of them: without an index, asking for each would
// take one each time.
func (c *comparison) meetMatches(ctx context.Context, s *strays) error {
	key := len(c.Key)
	matches := c.newMatcher(func(name string) int {
		for i := range c.Match {
			if c.Match[i].Name == name {
				return key + i
			}
		}
		return -1
	})
	return c.pages(ctx, c.Match, func(ctx context.Context, tx sqldb.Tx, rows [][]record.Value) (func() error, error) {
		var texts []string
		var sums []record.Hash
		for _, row := range rows {
			sum := matches.sum(row)
			if sum == nil {
				continue
			}
			wanted, err := s.matches.Has(sum[:])
			if err != nil {
				return nil, err
			}
			if wanted {
				texts, sums = append(texts, c.KeyText(row[:key])), append(sums, *sum)
			}
		}
		owners, err := c.Store().Owners(ctx, tx, texts)
		if err != nil {
			return nil, err
		}
		return func() error {
			for i, text := range texts {
				if owner, owned := owners[text]; owned && c.isOurs(owner) {
					if err := addTwin(s.agree, sums[i], twin{key: owner.Key, row: text}); err != nil {
						return err
					}
				}
			}
			return nil
		}, nil
	})
}

// matching finds the records whose rows agree with stray ones, by the strays'
// keys. Whether they do is the target's word.
func (c *comparison) matching(ctx context.Context, tx sqldb.Tx, chunk []stray, s *strays) (map[string]*twin, error) {
	var pairs [][]record.Value
	var strayKeys []string
	var twins []*twin
	for i := range chunk {
		if chunk[i].Match == nil {
			continue
		}
		t, err := twinIn(s.agree, *chunk[i].Match)
		if err != nil {
			return nil, err
		}
		if t == nil {
			continue
		}
		one, err := c.KeyOf(chunk[i].Key)
		if err != nil {
			return nil, err
		}
		other, err := c.KeyOf(t.row)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, append(append([]record.Value(nil), one...), other...))
		strayKeys, twins = append(strayKeys, chunk[i].Key), append(twins, t)
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	relation, args := c.dialect().Relation("k", append(append([]sqldb.Column(nil), c.Key...), c.Key...), pairs, 1)
	table, join := c.dialect().QuoteName(c.Table.Name), c.dialect().LookupJoin()
	var agree []string
	for i := range c.Match {
		agree = append(agree, fmt.Sprintf("%s = %s", c.quote("a", c.Match[i].Name), c.quote("b", c.Match[i].Name)))
	}
	query := fmt.Sprintf("SELECT k.ord FROM %s %s %s a ON %s %s %s b ON %s WHERE %s",
		relation, join, table, c.keyFrom("a", 0), join, table, c.keyFrom("b", len(c.Key)), strings.Join(agree, " AND "))
	found := map[string]*twin{}
	return found, sqldb.Each(ctx, tx, func(values []record.Value) error {
		n := values[0].Int()
		found[strayKeys[n]] = twins[n]
		return nil
	}, query, args...)
}

// keyFrom is the condition that a row has the key that stands from a column of
// the relation k on.
func (c *comparison) keyFrom(alias string, from int) string {
	same := make([]string, len(c.Key))
	for i := range c.Key {
		same[i] = fmt.Sprintf("%s = k.c%d", c.quote(alias, c.Key[i].Name), from+i)
	}
	return strings.Join(same, " AND ")
}
