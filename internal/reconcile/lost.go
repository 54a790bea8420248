package reconcile

import (
	"context"
	"errors"
	"fmt"

	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// lost is what the ledger tells of records and rows that the crosswalk does not
// know.
type lost struct {
	records *dedupe.Seen  // of the source, by key: the row that a run gave each
	undone  *dedupe.Seen  // of the source, too: a later run has undone what was landed
	rows    *dedupe.Seen  // that belong to such records
	makers  *dedupe.Seen  // by row: the record that a run made it for, though the crosswalk says otherwise
	orphans *dedupe.Spool // records that neither the source nor the crosswalk has, with their rows
	count   int64
}

func (c *comparison) newLost() (*lost, error) {
	spool, err := dedupe.NewSpool(c.x.Spill())
	return &lost{
		records: dedupe.NewSeen(c.x.Spill(), strayBytes), undone: dedupe.NewSeen(c.x.Spill(), strayBytes), rows: dedupe.NewSeen(c.x.Spill(), strayBytes),
		makers: dedupe.NewSeen(c.x.Spill(), strayBytes), orphans: spool,
	}, err
}

func (l *lost) close() error {
	return errors.Join(l.records.Close(), l.undone.Close(), l.rows.Close(), l.makers.Close(), l.orphans.Close())
}

// explains reports whether the row belongs to a record that was told as lost.
func (l *lost) explains(row string) (bool, error) { return l.rows.Has([]byte(row)) }

// madeFor is the record that a run made the row for, or "".
func (l *lost) madeFor(row string) (string, error) {
	there, err := l.makers.Has([]byte(row))
	if err != nil || !there {
		return "", err
	}
	first, _, err := l.makers.Claim([]byte(row), "", 0)
	return first.Key, err
}

// landed are the ends after which a record has a row; of the last two, another
// record or nobody owns it.
var landed = map[record.Disposition]bool{
	record.Created: true, record.Updated: true, record.Unchanged: true, record.Skipped: true, record.Duplicate: true,
}

// findLost asks the ledger, newest run first, for the records that no run seems
// to have landed and the rows that nobody seems to own.
func (c *comparison) findLost(ctx context.Context, s *strays) (*lost, error) {
	l, err := c.newLost()
	if err != nil {
		return nil, err
	}
	open, err := c.openRecords(ctx)
	if err == nil && (s.count > 0 || open.count > 0) && c.stored.ID != 0 {
		err = c.readLedger(ctx, s, open, l)
	}
	if open != nil {
		err = errors.Join(err, open.keys.Close())
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// keySet is a set of keys on disk.
type keySet struct {
	keys  *dedupe.Seen
	count int64
}

// openRecords are those that were found not to have been run.
func (c *comparison) openRecords(ctx context.Context) (*keySet, error) {
	open := &keySet{keys: dedupe.NewSeen(c.x.Spill(), strayBytes)}
	if c.stored.Counts[string(verdict.NotRun)] == 0 {
		return open, nil
	}
	return open, c.notes.each(ctx, func(d *verdict.Difference) error {
		if d.Entity != c.Name || d.Verdict != verdict.NotRun {
			return nil
		}
		_, _, err := open.keys.Claim([]byte(d.Key), "", 0)
		open.count++
		return err
	})
}

func (c *comparison) readLedger(ctx context.Context, s *strays, open *keySet, l *lost) error {
	var runs []*ledger.Run
	err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		runs, err = c.ledger.Runs(ctx, tx, c.m.File.Name)
		return err
	})
	if err != nil {
		return err
	}
	told := dedupe.NewSeen(c.x.Spill(), strayBytes) // records of which a newer run has spoken
	defer told.Close()
	candidates, err := dedupe.NewSpool(c.x.Spill())
	if err != nil {
		return err
	}
	defer candidates.Close()
	for _, run := range runs {
		err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			return c.ledger.Segments(ctx, tx, run.ID, c.stored.ID, func(_ int, line *ledger.Line) error {
				return c.hear(line, run.ID, s, open, told, candidates, l)
			})
		})
		if err != nil {
			return err
		}
	}
	return c.chunks(candidates, func(pairs []string) error { return c.sortCandidates(ctx, pairs, l) })
}

// hear takes note of what the ledger says of a record.
func (c *comparison) hear(line *ledger.Line, run int64, s *strays, open *keySet, told *dedupe.Seen, candidates *dedupe.Spool, l *lost) error {
	wanted, err := open.keys.Has([]byte(line.Key))
	if err != nil {
		return err
	}
	row := false
	if line.TargetKey != "" && s.count > 0 && line.Disposition != record.Skipped && line.Disposition != record.Duplicate {
		if row, err = s.keys.Has([]byte(line.TargetKey)); err != nil {
			return err
		}
	}
	// A key that stands in the input twice has an end each time; the one that
	// landed counts.
	if !wanted && !row || line.Disposition.NeedsRetry() || landed[line.Disposition] && line.TargetKey == "" {
		return nil
	}
	if _, first, err := told.Claim([]byte(line.Key), "", run); err != nil || !first {
		return err
	}
	if !landed[line.Disposition] { // what an earlier run did was undone
		if wanted {
			_, _, err = l.undone.Claim([]byte(line.Key), "", run)
		}
		return err
	}
	if !wanted {
		return candidates.Append([]byte(record.JoinKey(line.Key, line.TargetKey)))
	}
	l.count++
	if _, _, err := l.records.Claim([]byte(line.Key), line.TargetKey, run); err != nil {
		return err
	}
	if row {
		_, _, err = l.rows.Claim([]byte(line.TargetKey), line.Key, run)
	}
	return err
}

// sortCandidates parts rows whose record the crosswalk has elsewhere from those
// whose record it does not have at all.
func (c *comparison) sortCandidates(ctx context.Context, pairs []string, l *lost) error {
	keys := make([]string, len(pairs))
	rows := make([]string, len(pairs))
	for i, pair := range pairs {
		parts := record.SplitKey(pair)
		keys[i], rows[i] = parts[0], parts[1]
	}
	return c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		known, err := c.Store().Lookup(ctx, tx, keys)
		if err != nil {
			return err
		}
		for i := range pairs {
			if _, there := known[keys[i]]; there {
				if _, _, err := l.makers.Claim([]byte(rows[i]), keys[i], 0); err != nil {
					return err
				}
				continue
			}
			_, fresh, err := l.rows.Claim([]byte(rows[i]), keys[i], 0)
			if err != nil || !fresh {
				return err
			}
			if err := l.orphans.Append([]byte(pairs[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

// tellLost tells records that were landed and that the crosswalk has lost, in
// place of what was told of them, and again those that no run has landed.
func (c *comparison) tellLost(ctx context.Context, l *lost, s *strays, found *dedupe.Spool) error {
	lose := func(d *verdict.Difference, row string) error {
		d.Verdict, d.TargetKey = verdict.LostCrosswalk, row
		d.Rule = "every row that a run makes has an entry in the crosswalk"
		there, err := s.keys.Has([]byte(row))
		if err != nil {
			return err
		}
		d.Message = fmt.Sprintf("the ledger says that it became row %s of %s, and the crosswalk knows nothing of it", row, c.Table.Name)
		if !there {
			d.Message += "; the row is gone, too, or another record's"
		}
		c.stored.Counts[string(verdict.LostCrosswalk)]++
		return appendDifference(found, d)
	}
	if c.stored.Counts[string(verdict.NotRun)] > 0 {
		var runs undoing
		err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			runs, err = c.undoing(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		err = c.notes.each(ctx, func(d *verdict.Difference) error {
			if d.Entity != c.Name || d.Verdict != verdict.NotRun {
				return nil
			}
			undone, err := l.undone.Has([]byte(d.Key))
			if err != nil {
				return err
			}
			if undone {
				c.stored.Counts[string(verdict.NotRun)]--
				by, _, err := l.undone.Claim([]byte(d.Key), "", 0)
				if err != nil {
					return err
				}
				half := runs.partly(runs.undoneBy(by.Number), *d)
				if half == nil {
					c.stored.Counts[verdict.CountRolledBack]++
					return nil
				}
				c.stored.Counts[string(half.Verdict)]++
				return appendDifference(found, half)
			}
			was, err := l.records.Has([]byte(d.Key))
			if err != nil {
				return err
			}
			if !was {
				return appendDifference(found, d)
			}
			first, _, err := l.records.Claim([]byte(d.Key), "", 0)
			if err != nil {
				return err
			}
			c.stored.Counts[string(verdict.NotRun)]--
			return lose(d, first.Key)
		})
		if err != nil {
			return err
		}
	}
	for pair, err := range l.orphans.All() {
		if err != nil {
			return err
		}
		parts := record.SplitKey(string(pair))
		if err := lose(&verdict.Difference{Entity: c.Name, Key: parts[0]}, parts[1]); err != nil {
			return err
		}
	}
	return nil
}
