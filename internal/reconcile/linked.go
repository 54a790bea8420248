package reconcile

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// judgeLinked holds a record against a row that it only points at: what the row
// was recognised by must still be the same.
func (c *comparison) judgeLinked(j *judgement, b *run.ExpectedBatch, s *seen, about verdict.Difference) {
	if s.Rejection != nil {
		c.judgeRejected(j, b, s, about, true) // the row is not ours, so nobody can have changed it
		return
	}
	if !s.agrees {
		about.Verdict = verdict.Differs
		about.Message = "it points at the row, which was recognised by what does not agree any more"
		if found := c.fields(about, s.Row, s.row, c.matched); len(found) > 0 {
			j.addFields(found)
			return
		}
	}
	j.counts[verdict.CountEqual]++
	j.counts[verdict.CountLinked]++
}

// lookLinked tells which rows that are only pointed at are what they were
// recognised by. Where the values are not the same, the target has the last
// word: it may ignore case.
func (c *comparison) lookLinked(ctx context.Context, tx sqldb.Tx, records []*seen) error {
	var asked []*seen
	var tuples [][]record.Value
	for _, s := range records {
		if s.Entry.Role != crosswalk.RoleLinked || s.row == nil || s.Row == nil || s.Rejection != nil {
			continue
		}
		s.agrees = len(c.fields(verdict.Difference{}, s.Row, s.row, c.matched)) == 0
		if s.agrees {
			continue
		}
		tuple := append([]record.Value(nil), s.key...)
		for _, column := range c.Match {
			tuple = append(tuple, s.Row[c.Place(column.Name)])
		}
		asked, tuples = append(asked, s), append(tuples, tuple)
	}
	if len(asked) == 0 {
		return nil
	}
	if c.Remote != nil {
		return c.agreeing(ctx, tx, asked)
	}
	relation, args := c.dialect().Relation("k", append(append([]sqldb.Column(nil), c.Key...), c.Match...), tuples, 1)
	var same []string
	for i := range c.Match {
		same = append(same, fmt.Sprintf("%s = k.c%d", c.quote("t", c.Match[i].Name), len(c.Key)+i))
	}
	query := fmt.Sprintf("SELECT k.ord FROM %s %s %s t ON %s WHERE %s",
		relation, c.dialect().LookupJoin(), c.dialect().QuoteName(c.Table.Name), c.sameKey(), strings.Join(same, " AND "))
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		asked[values[0].Int()].agrees = true
		return nil
	}, query, args...)
	if err != nil {
		return fmt.Errorf("asking whether rows are what they were recognised by: %w", err)
	}
	return nil
}

// tellUnrecognised tells of rows that are pointed at under a mapping that does
// not say any more by what.
func (c *comparison) tellUnrecognised() {
	if n := c.stored.Counts[verdict.CountLinked]; n > 0 && len(c.Match) == 0 {
		c.stored.LookedNot(fmt.Sprintf("whether %d records point at the right rows: the mapping does not say any more by what rows are recognised", n))
	}
}
