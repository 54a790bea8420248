package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

var errStopped = run.ErrStopped

// keysAtOnce is how many things that are in doubt are looked at together.
const keysAtOnce = 1000

// findGone finds records that landed and that the source does not hold any more.
// Where as many entries were met as there are, there are none.
func (c *comparison) findGone(ctx context.Context) error {
	return c.spooling(ctx, "gone", "", func(found *dedupe.Spool) error {
		var entries int64
		err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			entries, err = c.Store().CountOnTarget(ctx, tx)
			return err
		})
		if err != nil || entries == c.stored.Counts[countKnown] {
			return err
		}
		suspects, err := dedupe.NewSpool(c.x.Spill())
		if err != nil {
			return err
		}
		defer suspects.Close()
		err = c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			return c.Store().Each(ctx, tx, func(entry *crosswalk.Row) error {
				if !entry.OnTarget() {
					return nil
				}
				there, err := c.InSource(entry.SourceKey)
				if err != nil || there {
					return err
				}
				return suspects.Append([]byte(entry.SourceKey))
			})
		})
		if err != nil {
			return err
		}
		return c.chunks(suspects, func(keys []string) error {
			var entries map[string]crosswalk.Row
			err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
				entries, err = c.Store().Lookup(ctx, tx, keys)
				return err
			})
			if err != nil {
				return err
			}
			for _, key := range keys {
				entry, known := entries[key]
				if !known || !entry.OnTarget() {
					continue
				}
				c.stored.Counts[string(verdict.Extra)]++
				err := appendDifference(found, &verdict.Difference{
					Entity: c.Name, Key: key, TargetKey: entry.TargetKey, Verdict: verdict.Extra, Rule: "not in the source any more",
					Message: fmt.Sprintf("it landed once (%s), and %s does not hold it", entry.Role, c.OriginName),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// spooling takes a step whose differences go to disk first, and notes them all
// together.
func (c *comparison) spooling(ctx context.Context, name string, instead verdict.Verdict, take func(*dedupe.Spool) error) error {
	found, err := dedupe.NewSpool(c.x.Spill())
	if err != nil {
		return err
	}
	before := map[string]int64{}
	for verdict, n := range c.stored.Counts {
		before[verdict] = n
	}
	notLooked := slices.Clone(c.stored.NotLooked)
	err = take(found)
	nothing := maps.Equal(before, c.stored.Counts) && before[string(instead)] == 0
	switch {
	case err != nil:
	case nothing && time.Since(c.noted) < noteEvery:
		c.at.Steps = append(c.at.Steps, name) // noted with what comes next
	default:
		err = c.noteStep(ctx, name, instead, spooled(found))
	}
	if err != nil {
		c.stored.Counts, c.stored.NotLooked = before, notLooked // the step will be taken again
	}
	return errors.Join(err, found.Close())
}

// chunks hands texts on, some at a time.
func (c *comparison) chunks(spool *dedupe.Spool, each func([]string) error) error {
	var chunk []string
	for text, err := range spool.All() {
		if err != nil {
			return err
		}
		if chunk = append(chunk, string(text)); len(chunk) == keysAtOnce {
			if c.stopAsked() {
				return errStopped
			}
			if err := each(chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	if len(chunk) == 0 {
		return nil
	}
	return each(chunk)
}
