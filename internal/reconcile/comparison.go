package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// comparison compares one entity. Its records come batch by batch; what can only
// be asked of the table or the books as a whole follows in steps.
type comparison struct {
	*work
	*run.ExpectedEntity
	stored   *verdict.Entity
	at       place
	compared []bool            // of each column of the entity: whether it is compared
	matched  []bool            // whether rows are recognised by it
	rules    map[string]string // of each column
	rows     rowCheck
	totals   []counted
	pending  []verdict.Difference // found and not noted yet
	noted    time.Time
}

// noteEvery is how often it is noted how far a comparison is that finds nothing.
const noteEvery = 2 * time.Second

// countKnown are records whose entry in the crosswalk is on the target.
const countKnown = "known"

func (c *comparison) carry(ctx context.Context) error {
	c.at = placeOf(c.stored.Position)
	if c.at.Since == "" {
		c.at.Since = c.clock.now()
	}
	c.prepare()
	c.progress(run.EventEntityStarted)
	if !c.at.Read {
		if err := c.Read(ctx, c.lanes(), c.at.passed, c); err != nil {
			return errors.Join(err, c.keepPlace(ctx, err))
		}
		c.at.Read = true
	} else if c.needsKeys() {
		if err := c.Read(ctx, 1, c.at.passed, c); err != nil {
			return err
		}
	}
	c.tellLeftOut()
	if c.Remote != nil {
		if err := c.tellHidden(ctx); err != nil {
			return err
		}
	}
	c.tellUnrecognised()
	for _, step := range c.steps() {
		if len(c.pending) > 0 { // a step may look at what was found
			if err := c.note(ctx); err != nil {
				return err
			}
		}
		if slices.Contains(c.at.Steps, step.name) {
			continue
		}
		if c.stopAsked() {
			return run.ErrStopped
		}
		c.tell(run.Event{Kind: run.EventLooking, Entity: c.Name, Message: step.doing, Total: -1, Percent: -1})
		if err := step.take(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
		c.point(PointStep)
	}
	c.stored.Done = true
	if err := c.note(ctx); err != nil {
		return err
	}
	c.progress(run.EventEntityEnded)
	return nil
}

// keepPlace notes the batches that were judged before the work was stopped.
func (c *comparison) keepPlace(ctx context.Context, why error) error {
	if !errors.Is(why, run.ErrStopped) {
		return nil
	}
	return c.note(ctx)
}

func (c *comparison) prepare() {
	c.compared, c.matched = make([]bool, len(c.Columns)), make([]bool, len(c.Columns))
	for i := range c.Columns {
		c.matched[i] = slices.ContainsFunc(c.Match, func(m sqldb.Column) bool { return m.Name == c.Columns[i].Name })
		c.compared[i] = slices.Contains(c.Compared(), c.Columns[i].Name)
	}
	c.rules = map[string]string{}
	for _, f := range c.Fields {
		c.rules[f.Target] = f.Rule()
	}
	c.rows = newRowCheck(c)
	c.totals = c.countable(c.Place)
	if c.at.Sums == nil {
		c.at.Sums = sums{}
	}
	c.noted = time.Now()
}

// lanes is how many connections look side by side: two keep both the database
// and this process busy.
func (c *comparison) lanes() int {
	if c.o.Lanes > 0 {
		return c.o.Lanes
	}
	if c.Remote != nil {
		return max(1, min(c.m.API().Calls(), mostCallers))
	}
	if c.ledger.Books().Dialect().Writers() == 1 {
		return 1
	}
	return 2
}

// Told implements run.Judge.
func (c *comparison) Told(ctx context.Context, b *run.ExpectedBatch) error {
	j := b.Note.(*judgement)
	c.stored.Counts[verdict.CountRecords] += b.Read
	for name, n := range j.counts {
		c.stored.Counts[name] += n
	}
	c.at.Sums.add(j.sums)
	c.pending = append(c.pending, j.found...)
	c.at.Slice, c.at.Ordinal = b.Slice, b.Ordinal
	c.progress(run.EventBatch)
	c.point(PointBatch)
	if len(c.pending) == 0 && time.Since(c.noted) < noteEvery {
		return nil
	}
	return c.note(ctx)
}

// note writes what is known so far.
func (c *comparison) note(ctx context.Context) error {
	c.at.Noted = c.clock.now()
	c.stored.Position = c.at.String()
	if err := c.notes.note(ctx, c.stored, "", verdict.These(c.pending)); err != nil {
		return err
	}
	c.pending, c.noted = c.pending[:0], time.Now()
	c.point(PointNoted)
	return nil
}

// progress tells how far it is.
func (c *comparison) progress(kind run.EventKind) {
	counts := c.stored.Counts
	var found []string
	for _, v := range verdict.Verdicts {
		if n := counts[string(v)]; n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, v))
		}
	}
	text := strings.Join(found, ", ")
	if text == "" {
		text = "no difference"
	}
	if n := counts[verdict.CountRolledBack]; n > 0 {
		text += fmt.Sprintf(", %d rolled back", n)
	}
	c.tell(run.Event{Kind: kind, Entity: c.Name, Read: counts[verdict.CountRecords], Total: c.Total(), Percent: -1, Found: text})
}

func (c *comparison) stopAsked() bool {
	select {
	case <-c.o.Stop:
		return true
	default:
		return false
	}
}

// quote names a column in the target's spelling.
func (c *comparison) quote(alias, name string) string {
	return alias + "." + c.dialect().Quote(name)
}

func (c *comparison) dialect() sqldb.Dialect { return c.ledger.Books().Dialect() }

// isOurs reports whether a record is of the entity, as the books may still call
// it.
func (c *comparison) isOurs(ref record.Ref) bool {
	return ref.Entity == c.Name || c.RenamedFrom != "" && ref.Entity == c.RenamedFrom
}
