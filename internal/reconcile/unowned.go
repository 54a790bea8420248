package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// findUnowned finds rows that no record owns, and records that the crosswalk
// does not know, and tells which of them belong together.
func (c *comparison) findUnowned(ctx context.Context) error {
	return c.spooling(ctx, "rows", verdict.NotRun, func(found *dedupe.Spool) error {
		s, err := c.collectStrays(ctx)
		if err != nil {
			return err
		}
		defer s.close()
		lost, err := c.findLost(ctx, s)
		if err != nil {
			return err
		}
		defer lost.close()
		if err := c.tellLost(ctx, lost, s, found); err != nil || s.count == 0 {
			return err
		}
		if err := c.meetEntries(ctx, s); err != nil {
			return err
		}
		came, err := c.arrivals(ctx)
		if err != nil {
			return err
		}
		var chunk []stray
		for text, err := range s.rows.All() {
			var row stray
			if err == nil {
				err = json.Unmarshal(text, &row)
			}
			if err != nil {
				return err
			}
			if chunk = append(chunk, row); len(chunk) == keysAtOnce {
				if err := c.judgeStrays(ctx, chunk, s, lost, came, found); err != nil {
					return err
				}
				chunk = chunk[:0]
			}
		}
		return c.judgeStrays(ctx, chunk, s, lost, came, found)
	})
}

// collectStrays walks through the table, unless counting proves that every row
// of it was met already.
func (c *comparison) collectStrays(ctx context.Context) (*strays, error) {
	s, err := c.newStrays()
	if err != nil {
		return nil, err
	}
	if c.Remote != nil {
		if err := c.notWalked(ctx); err != nil {
			s.close()
			return nil, err
		}
		return s, nil
	}
	covered := false
	err = c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		own, all, err := c.Store().CountOwned(ctx, tx)
		if err != nil {
			return err
		}
		count, err := oneValue(ctx, tx, "SELECT count(*) FROM "+c.dialect().QuoteName(c.Table.Name))
		met := c.o.Sample.All() && c.whole && c.stored.Counts[string(verdict.Missing)] == 0
		covered = met && own == all && own == count.Int()
		return err
	})
	if err == nil && !covered {
		err = c.walk(ctx, s)
	}
	if err == nil && s.known > 0 {
		err = c.meetMatches(ctx, s)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (c *comparison) walk(ctx context.Context, s *strays) error {
	columns := slices.Clone(c.Columns)
	mark := c.markColumn()
	key := len(c.Key)
	hashes := record.NewHasher(c.Compared(), c.places(columns, key))
	matches := c.newMatcher(func(name string) int { return key + c.Place(name) })
	return c.pages(ctx, columns, func(ctx context.Context, tx sqldb.Tx, rows [][]record.Value) (func() error, error) {
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
				if _, owned := owners[texts[i]]; owned {
					continue
				}
				r := stray{Key: texts[i], Hash: hashes.Sum(row), Match: matches.sum(row)}
				if mark >= 0 && !row[key+mark].IsNull() {
					text := record.JoinKey(row[key+mark].String())
					r.Mark = &text
				}
				if err := s.keep(&r); err != nil {
					return err
				}
			}
			return nil
		}, nil
	})
}

// places are where the compared columns stand in a row that begins with so many
// others.
func (c *comparison) places(columns []sqldb.Column, from int) []int {
	var places []int
	for _, name := range c.Compared() {
		places = append(places, from+slices.IndexFunc(columns, func(column sqldb.Column) bool { return column.Name == name }))
	}
	return places
}

// markColumn is the place of the column into which the mapping copies the
// source's key as it is, or -1.
func (c *comparison) markColumn() int {
	if len(c.From.Key) != 1 || c.From.Each != nil {
		return -1
	}
	for _, f := range c.Fields {
		if f.Copies() && f.From[0] == c.From.Key[0] {
			return c.Place(f.Target)
		}
	}
	return -1
}

// meetEntries looks in the crosswalk for records whose rows have the content of
// a stray one, and for rows that are only pointed at.
func (c *comparison) meetEntries(ctx context.Context, s *strays) error {
	earlier := 0
	err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		earlier = 0
		return c.Store().Each(ctx, tx, func(entry *crosswalk.Row) error {
			switch {
			case !entry.OnTarget():
				return nil
			case entry.Role == crosswalk.RoleLinked:
				_, _, err := s.linked.Claim([]byte(entry.TargetKey), entry.SourceKey, 0)
				return err
			case !owns(entry):
				return nil
			case !entry.HasHash || entry.ShapeID != c.ShapeID():
				earlier++
				return nil
			}
			wanted, err := s.hashes.Has(entry.Hash[:])
			if err != nil || !wanted {
				return err
			}
			return addTwin(s.twins, entry.Hash, twin{key: entry.SourceKey, row: entry.TargetKey})
		})
	})
	if err == nil && earlier > 0 {
		c.stored.LookedNot(fmt.Sprintf("rows that nobody owns and that have the content of one of %d records: those were written under an earlier mapping", earlier))
	}
	return err
}

// judgeStrays looks at rows once more, and says which of them must not be there.
func (c *comparison) judgeStrays(ctx context.Context, chunk []stray, s *strays, lost *lost, came arrival, found *dedupe.Spool) error {
	if c.stopAsked() {
		return errStopped
	}
	var texts, marks []string
	var keys [][]record.Value
	same := map[string]*twin{} // by the stray's key: the record whose content it has
	for i := range chunk {
		r := &chunk[i]
		t, err := twinIn(s.twins, r.Hash)
		if err != nil {
			return err
		}
		if t != nil {
			same[r.Key] = t
		}
		key, err := c.KeyOf(r.Key)
		if err != nil {
			return err
		}
		texts, keys = append(texts, r.Key), append(keys, key)
		if r.Mark != nil {
			marks = append(marks, *r.Mark)
		}
	}
	var owners map[string]record.Ref
	var known map[string]crosswalk.Row
	var still [][]record.Value
	gone := map[string]bool{} // rows of records that strays may be
	var alike map[string]*twin
	err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		clear(gone)
		if owners, err = c.Store().Owners(ctx, tx, texts); err != nil {
			return err
		}
		if known, err = c.Store().Lookup(ctx, tx, marks); err != nil {
			return err
		}
		if still, err = c.Rows().Fetch(ctx, tx, keys, c.Key, false); err != nil {
			return err
		}
		if alike, err = c.matching(ctx, tx, chunk, s); err != nil {
			return err
		}
		return c.findGoneRows(ctx, tx, same, known, gone)
	})
	if err != nil {
		return err
	}
	for i := range chunk {
		r := &chunk[i]
		if _, owned := owners[r.Key]; owned || still[i] == nil {
			continue
		}
		told, err := lost.explains(r.Key)
		if err != nil {
			return err
		}
		linked, err := s.linked.Has([]byte(r.Key))
		if err != nil {
			return err
		}
		if linked {
			c.stored.Counts[verdict.CountForeign]++
			continue
		}
		if told {
			continue
		}
		t := same[r.Key]
		if t == nil {
			t = alike[r.Key]
		}
		d, err := c.judgeStray(r, t, lost, known, gone, came)
		if err != nil {
			return err
		}
		if d == nil {
			c.stored.Counts[verdict.CountForeign]++
			continue
		}
		c.stored.Counts[string(d.Verdict)]++
		if err := appendDifference(found, d); err != nil {
			return err
		}
	}
	return nil
}

// findGoneRows tells which rows of the records that strays may be are not there.
func (c *comparison) findGoneRows(ctx context.Context, tx sqldb.Tx, same map[string]*twin, known map[string]crosswalk.Row, gone map[string]bool) error {
	var texts []string
	var keys [][]record.Value
	ask := func(text string) error {
		key, err := c.KeyOf(text)
		texts, keys = append(texts, text), append(keys, key)
		return err
	}
	for _, t := range same {
		if err := ask(t.row); err != nil {
			return err
		}
	}
	for _, entry := range known {
		if entry.OnTarget() {
			if err := ask(entry.TargetKey); err != nil {
				return err
			}
		}
	}
	rows, err := c.Rows().Fetch(ctx, tx, keys, c.Key, false)
	for i, row := range rows {
		gone[texts[i]] = row == nil
	}
	return err
}

// judgeStray says what a row is that no record owns; nil when nothing speaks
// against it.
func (c *comparison) judgeStray(r *stray, t *twin, lost *lost, known map[string]crosswalk.Row, gone map[string]bool, came arrival) (*verdict.Difference, error) {
	d := &verdict.Difference{Entity: c.Name, TargetKey: r.Key, Verdict: verdict.Extra, Rule: "no record owns the row"}
	if r.Mark != nil {
		mark := c.Columns[c.markColumn()].Name
		d.Field, d.Found, d.Rule = mark, r.Mark, c.rules[mark]
		if entry, there := known[*r.Mark]; there && entry.OnTarget() {
			t = &twin{key: *r.Mark, row: entry.TargetKey}
		}
	}
	switch {
	case t != nil && gone[t.row]:
		d.Key = t.key
		d.Message = fmt.Sprintf("it is the row of %s:%s, whose row %s is gone: the key was changed", c.Name, t.key, t.row)
		return d, nil
	case t != nil:
		d.Key, d.Verdict = t.key, verdict.Duplicate
		d.Message = fmt.Sprintf("it is the row of %s:%s once more, which is row %s", c.Name, t.key, t.row)
		return d, nil
	}
	madeFor, err := lost.madeFor(r.Key)
	switch {
	case err != nil:
		return nil, err
	case madeFor != "":
		d.Key, d.Message = madeFor, fmt.Sprintf("a run made it for %s:%s, which has another row now", c.Name, madeFor)
		return d, nil
	}
	when := came(r.Key)
	if r.Mark != nil {
		inSource, err := c.InSource(*r.Mark)
		if err != nil {
			return nil, err
		}
		if inSource || !c.live && when != before {
			d.Message = "it carries a source key, and no record owns it"
			return d, nil
		}
	}
	if when == since && !c.live {
		d.Message = "it came after the first run, and no record owns it"
		return d, nil
	}
	if when == unknown && !c.live {
		c.stored.LookedNot("whether rows that no record owns came after the first run: neither a fingerprint nor their keys tell")
	}
	return nil, nil
}
