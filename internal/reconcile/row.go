package reconcile

import (
	"bytes"
	"fmt"

	"landfall/internal/crosswalk"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/verdict"
)

// judgeRow says what is wrong with a row that a record has, if anything is.
func (c *comparison) judgeRow(j *judgement, b *run.ExpectedBatch, s *seen, asWritten bool) {
	about := verdict.Difference{Entity: c.Name, Key: s.Ref.Key, TargetKey: s.Entry.TargetKey}
	if s.row == nil {
		about.Verdict = verdict.Missing
		about.Message = fmt.Sprintf("its row %s of %s is gone", s.Entry.TargetKey, c.Table.Name)
		if c.Remote != nil {
			about.Message = fmt.Sprintf("its record %s of %s is gone", s.Entry.TargetKey, c.Table.Name)
		}
		j.add(about)
		c.sumSeen(j, s)
		return
	}
	switch s.Entry.Role {
	case crosswalk.RoleLinked:
		c.judgeLinked(j, b, s, about)
		return
	case crosswalk.RoleAlias:
		c.judgeAlias(j, s, about)
		return
	}
	if s.Entry.ShapeID == c.ShapeID() {
		asWritten = s.Entry.HasHash && b.Sum(s.row) == s.Entry.Hash
	}
	if s.Rejection != nil {
		c.sumSeen(j, s)
		c.judgeRejected(j, b, s, about, asWritten)
		return
	}
	sourceAsWritten := s.Entry.HasHash && s.Entry.ShapeID == c.ShapeID() && s.Hash == s.Entry.Hash
	switch {
	case sourceAsWritten:
		about.Verdict = verdict.ChangedByBusiness
	case !s.Entry.HasHash:
		about.Verdict, about.Message = verdict.Differs, "another tool made the row, so it cannot be told who changed what"
	case asWritten && s.Entry.ShapeID != c.ShapeID():
		about.Verdict, about.Message = verdict.Differs, "the mapping changed since it was written"
	case asWritten:
		about.Verdict, about.Message = verdict.Differs, "source or mapping changed since it was written"
	default:
		about.Verdict, about.Message = verdict.Differs, "both the row and what source and mapping say changed since it was written"
	}
	found := c.fields(about, s.Row, s.row, c.compared)
	if len(found) == 0 {
		j.counts[verdict.CountEqual]++
		c.sum(j, &s.Expected)
		return
	}
	if cause := b.Causes[s.Ref.Key]; c.wave && cause.Code == record.CodeConverted {
		// The wave has refused to change the row, and said so.
		j.counts[verdict.CountNotLanded]++
		c.sumSeen(j, s)
		return
	}
	j.addFields(found)
	c.sumSeen(j, s)
}

// fields lists the columns in which two rows differ, of those that are looked at.
func (c *comparison) fields(about verdict.Difference, expected, found []record.Value, looked []bool) []verdict.Difference {
	var differences []verdict.Difference
	var want, is []byte
	for i := range c.Columns {
		if !looked[i] {
			continue
		}
		want, is = expected[i].AppendBinary(want[:0]), found[i].AppendBinary(is[:0])
		if bytes.Equal(want, is) {
			continue
		}
		d := about
		d.Field, d.Rule = c.Columns[i].Name, c.rules[c.Columns[i].Name]
		d.Expected, d.Found = textOf(expected[i]), textOf(found[i])
		differences = append(differences, d)
	}
	return differences
}

func textOf(value record.Value) *string {
	if value.IsNull() {
		return nil
	}
	text := value.String()
	return &text
}

// judgeAlias holds an alias against its survivor, who must own the row.
func (c *comparison) judgeAlias(j *judgement, s *seen, about verdict.Difference) {
	about.Rule = c.Name + ".to.collapse: records that are one row"
	about.Found = &s.Entry.TargetKey
	switch {
	case s.survivor == nil || !s.survivor.OnTarget() || !owns(s.survivor):
		about.Verdict = verdict.WrongAlias
		about.Message = fmt.Sprintf("it is an alias of %s:%s, which owns no row", c.Name, s.Entry.Survivor)
	case s.survivor.TargetKey != s.Entry.TargetKey:
		about.Verdict, about.Expected = verdict.WrongAlias, &s.survivor.TargetKey
		about.Message = fmt.Sprintf("it is an alias of %s:%s, which owns another row", c.Name, s.Entry.Survivor)
	case s.Rejection == nil && c.To.Collapse && c.NaturalKey(s.Row) != s.Entry.TargetKey:
		key := c.NaturalKey(s.Row)
		about.Verdict, about.Expected = verdict.WrongAlias, &key
		about.Message = fmt.Sprintf("source and mapping say that it is another row than %s:%s", c.Name, s.Entry.Survivor)
	default:
		j.counts[verdict.CountEqual]++
		return
	}
	j.add(about)
}

// judgeRejected judges a record that landed once and of which no row can be told
// now.
func (c *comparison) judgeRejected(j *judgement, b *run.ExpectedBatch, s *seen, about verdict.Difference, asWritten bool) {
	_, told := b.Causes[s.Ref.Key]
	about.Rule = c.rules[s.Rejection.Field]
	switch {
	case !asWritten:
		about.Verdict = verdict.ChangedByBusiness
		about.Message = fmt.Sprintf("the row was changed since it was written; what it must hold cannot be told: %s", s.Rejection.Code)
		about.Rule = ""
		j.add(about)
	case told:
		j.counts[verdict.CountNotLanded]++
	case s.Rejection.Step == record.StepResolve:
		// Whom it refers to is accused itself; the row is as it was written.
		j.counts[verdict.CountUnresolved]++
	default:
		about.Verdict = verdict.Differs
		about.Message = fmt.Sprintf("the source's record would be rejected now: %s%s: %s", s.Rejection.Code, inField(s.Rejection.Field), s.Rejection.Message())
		j.add(about)
	}
}

func inField(name string) string {
	if name == "" {
		return ""
	}
	return " in " + name
}
