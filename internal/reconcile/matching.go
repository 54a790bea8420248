package reconcile

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// matching finds records of the entity whose rows agree with stray ones in the
// columns by which the mapping knows rows again, by the strays' keys. Where many
// rows are nobody's, they are not asked for: without an index, each question
// walks through the table.
func (c *comparison) matching(ctx context.Context, tx sqldb.Tx, texts []string, keys [][]record.Value, s *strays) (map[string]*twin, error) {
	if len(c.Match) == 0 || s.hashes == nil || len(keys) == 0 {
		return nil, nil
	}
	rows, err := c.Rows().Fetch(ctx, tx, keys, c.Match, false)
	if err != nil {
		return nil, err
	}
	var tuples [][]record.Value
	var strayKeys []string
	for i, row := range rows {
		complete := row != nil
		for _, value := range row {
			complete = complete && !value.IsNull() && !value.IsEmptyText()
		}
		if complete {
			tuples, strayKeys = append(tuples, row), append(strayKeys, texts[i])
		}
	}
	if len(tuples) == 0 {
		return nil, nil
	}
	same := make([]string, len(c.Match))
	for i := range c.Match {
		same[i] = fmt.Sprintf("%s = k.c%d", c.quote("t", c.Match[i].Name), i)
	}
	if err := sqldb.PreferIndexes(ctx, tx, c.dialect(), false); err != nil { // there may be none to look them up by
		return nil, err
	}
	relation, args := c.dialect().Relation("k", c.Match, tuples, 1)
	found := map[string][]string{} // key of a row -> strays that match it
	var others []string
	err = eachRow(ctx, tx, fmt.Sprintf("SELECT k.ord, %s FROM %s JOIN %s t ON %s", c.list("t", c.Key), relation, c.dialect().QuoteName(c.Table.Name), strings.Join(same, " AND ")), args,
		func(values []record.Value) error {
			stray, other := strayKeys[values[0].Int()], c.KeyText(fitted(c.Key, values[1:]))
			if stray != other {
				found[other] = append(found[other], stray)
				others = append(others, other)
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	owners, err := c.Store().Owners(ctx, tx, others)
	if err != nil {
		return nil, err
	}
	twins := map[string]*twin{}
	for row, owner := range owners {
		if !c.isOurs(owner) {
			continue
		}
		for _, stray := range found[row] {
			twins[stray] = &twin{key: owner.Key, row: row}
		}
	}
	return twins, nil
}
