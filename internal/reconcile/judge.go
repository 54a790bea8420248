package reconcile

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// judgement is what came out of a batch.
type judgement struct {
	counts map[string]int64
	found  []verdict.Difference
	doubts []int // records that are not as they must be at first sight
	sums   sums
}

// Judge implements run.Judge: it settles what is surely right, and leaves the
// rest in doubt.
func (c *comparison) Judge(ctx context.Context, tx sqldb.Tx, b *run.ExpectedBatch) (bool, error) {
	j := &judgement{counts: map[string]int64{}, sums: sums{}}
	b.Note = j
	var checked []int // rows that source, mapping and crosswalk agree on
	var keys [][]record.Value
	var hashes []record.Hash
	for i := range b.Records {
		x := &b.Records[i]
		j.counts[verdict.CountChecked]++
		switch {
		case x.Later || x.Ref.Key == "":
			j.counts[verdict.CountNotLanded]++
			continue
		case !x.InBooks || !x.Entry.OnTarget():
			if cause, told := b.Causes[x.Ref.Key]; told && cause.Code != "" && !undoneTwin(&x.Entry, cause) {
				j.counts[verdict.CountNotLanded]++
				continue
			}
			j.doubts = append(j.doubts, i)
			continue
		}
		j.counts[countKnown]++
		if !c.agreed(x) {
			j.doubts = append(j.doubts, i)
			continue
		}
		key, err := c.KeyOf(x.Entry.TargetKey)
		if err != nil {
			j.doubts = append(j.doubts, i)
			continue
		}
		checked, keys, hashes = append(checked, i), append(keys, key), append(hashes, x.Hash)
	}
	same, err := c.rows.same(ctx, tx, b, keys, hashes)
	if err != nil {
		return false, fmt.Errorf("reading rows: %w", err)
	}
	for n, i := range checked {
		if !same[n] {
			j.doubts = append(j.doubts, i)
			continue
		}
		j.counts[verdict.CountEqual]++
		c.sum(j, &b.Records[i])
	}
	slices.Sort(j.doubts)
	return len(j.doubts) > 0, nil
}

// agreed reports whether the row that must stand there is the one that was
// written last.
func (c *comparison) agreed(x *run.Expected) bool {
	return x.Rejection == nil && x.Entry.HasHash && x.Entry.ShapeID == c.ShapeID() && x.Entry.Hash == x.Hash && owns(&x.Entry)
}

func owns(entry *crosswalk.Row) bool {
	return entry.Role == crosswalk.RoleCreated || entry.Role == crosswalk.RoleAdopted
}

// Again implements run.Judge: it looks at everything that is in doubt once more,
// in a snapshot of its own, since business goes on. Only what is still not right
// is accused.
func (c *comparison) Again(ctx context.Context, tx sqldb.Tx, b *run.ExpectedBatch) error {
	j := b.Note.(*judgement)
	again := &judgement{counts: map[string]int64{}, sums: j.sums.clone()}
	for name, n := range j.counts {
		again.counts[name] = n
	}
	keys := make([]string, len(j.doubts))
	for n, i := range j.doubts {
		keys[n] = b.Records[i].Ref.Key
	}
	entries, err := c.Store().Lookup(ctx, tx, keys)
	if err != nil {
		return fmt.Errorf("looking up the crosswalk: %w", err)
	}
	var look []*seen
	var runs undoing
	for _, i := range j.doubts {
		x := &b.Records[i]
		if x.InBooks && x.Entry.OnTarget() {
			again.counts[countKnown]--
		}
		entry, found := entries[x.Ref.Key]
		s := &seen{Expected: *x}
		s.Entry, s.InBooks = entry, found
		if found && entry.State == crosswalk.StateRolledBack && runs == nil {
			if runs, err = c.undoing(ctx, tx); err != nil {
				return err
			}
		}
		if !found || !entry.OnTarget() {
			c.notThere(again, b, s, runs)
			continue
		}
		again.counts[countKnown]++
		look = append(look, s)
	}
	if err := c.look(ctx, tx, again, b, look); err != nil {
		return err
	}
	b.Note = again
	return nil
}

// seen is a record in doubt with what is there.
type seen struct {
	run.Expected
	key      []record.Value
	row      []record.Value // in the order of the entity's Columns; nil when it is gone
	survivor *crosswalk.Row // of an alias
	agrees   bool           // of a row that is only pointed at: with what it was recognised by
}

// undoneTwin reports whether the cause speaks of another record of the same key
// than the one whose row was taken back: of two in one input, the run landed the
// first and rejected the second.
func undoneTwin(entry *crosswalk.Row, cause ledger.Cause) bool {
	return entry.State == crosswalk.StateRolledBack && cause.RunID == entry.LastRun
}

// notThere judges a record that the crosswalk does not have on the target.
func (c *comparison) notThere(j *judgement, b *run.ExpectedBatch, s *seen, runs undoing) {
	cause, told := b.Causes[s.Ref.Key]
	switch {
	case told && cause.Code != "" && !(s.InBooks && undoneTwin(&s.Entry, cause)):
		j.counts[verdict.CountNotLanded]++
	case s.InBooks && s.Entry.State == crosswalk.StateRolledBack:
		d := runs.partly(s.Entry.LastRun, verdict.Difference{Entity: c.Name, Key: s.Ref.Key, TargetKey: s.Entry.TargetKey})
		if d == nil {
			j.counts[verdict.CountRolledBack]++
			return
		}
		j.add(*d)
	case s.InBooks:
		j.add(verdict.Difference{
			Entity: c.Name, Key: s.Ref.Key, TargetKey: s.Entry.TargetKey, Verdict: verdict.Missing,
			Message: fmt.Sprintf("the crosswalk says that its row is %s, and the source still holds the record", s.Entry.State),
		})
	default:
		j.add(verdict.Difference{
			Entity: c.Name, Key: s.Ref.Key, Verdict: verdict.NotRun,
			Message: "no run has landed it and none has told why not",
		})
	}
}

func (j *judgement) add(d verdict.Difference) {
	j.found = append(j.found, d)
	j.counts[string(d.Verdict)]++
}

// addFields counts a record once, however many of its fields differ.
func (j *judgement) addFields(found []verdict.Difference) {
	j.found = append(j.found, found...)
	if len(found) > 0 {
		j.counts[string(found[0].Verdict)]++
	}
}

// look fetches the rows of records in doubt and judges them.
func (c *comparison) look(ctx context.Context, tx sqldb.Tx, j *judgement, b *run.ExpectedBatch, records []*seen) error {
	var keys [][]record.Value
	var held []*seen
	var survivors []string
	for _, s := range records {
		key, err := c.KeyOf(s.Entry.TargetKey)
		if err != nil {
			j.add(verdict.Difference{Entity: c.Name, Key: s.Ref.Key, TargetKey: s.Entry.TargetKey, Verdict: verdict.Missing, Message: err.Error()})
			continue
		}
		s.key = key
		keys, held = append(keys, key), append(held, s)
		if s.Entry.Role == crosswalk.RoleAlias {
			survivors = append(survivors, s.Entry.Survivor)
		}
	}
	rows, err := c.Rows().Fetch(ctx, tx, keys, c.Columns, false)
	if err != nil {
		return fmt.Errorf("reading rows: %w", err)
	}
	owners, err := c.Store().Lookup(ctx, tx, survivors)
	if err != nil {
		return fmt.Errorf("looking up survivors: %w", err)
	}
	asWritten, err := c.asWritten(ctx, tx, b, held)
	if err != nil {
		return err
	}
	for i, s := range held {
		s.row = rows[i]
		if s.row != nil && s.Row != nil {
			c.Keep(s.Row, s.row)
			s.Hash = b.Sum(s.Row)
		}
	}
	if err := c.lookLinked(ctx, tx, held); err != nil {
		return err
	}
	for _, s := range held {
		if owner, found := owners[s.Entry.Survivor]; found {
			s.survivor = &owner
		}
		c.judgeRow(j, b, s, asWritten[s])
	}
	return nil
}

// asWritten tells of rows whose entry has an earlier shape whether they still
// hold what was written under it.
func (c *comparison) asWritten(ctx context.Context, tx sqldb.Tx, b *run.ExpectedBatch, records []*seen) (map[*seen]bool, error) {
	written := map[*seen]bool{}
	byShape := map[int64][]*seen{}
	for _, s := range records {
		if s.Entry.HasHash && s.Entry.ShapeID != c.ShapeID() {
			byShape[s.Entry.ShapeID] = append(byShape[s.Entry.ShapeID], s)
		}
	}
	for id, group := range byShape {
		columns, sum, known, err := b.OldShape(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		keys := make([][]record.Value, len(group))
		for i, s := range group {
			keys[i] = s.key
		}
		if !known {
			for _, s := range group {
				written[s] = true // a column is gone, so an edit cannot be told
			}
			continue
		}
		rows, err := c.Rows().Fetch(ctx, tx, keys, columns, false)
		if err != nil {
			return nil, fmt.Errorf("reading rows as they were written: %w", err)
		}
		for i, s := range group {
			written[s] = rows[i] != nil && sum(rows[i]) == s.Entry.Hash
		}
	}
	return written, nil
}
