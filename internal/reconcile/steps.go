package reconcile

import (
	"context"
	"slices"
	"strings"
	"time"

	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// step is something that is asked once all records were seen. It is noted as a
// whole, or not at all.
type step struct {
	name  string
	doing string
	about string // what is not looked at where the step is left out
	take  func(context.Context) error
}

// asked are the steps that have something to ask of the entity.
func (c *comparison) asked() []step {
	steps := []step{
		{"gone", "looking for records that the source does not hold any more", "records that the source does not hold any more", c.findGone},
		{"rows", "looking for rows that no record owns", "rows that no record owns", c.findUnowned},
	}
	if len(c.Program.Refs) > 0 {
		steps = append(steps, step{"orphans", "looking for references to rows that are not there", "references to rows that are not there", c.findOrphans})
	}
	if len(c.Totals) > 0 {
		steps = append(steps, step{"totals", "adding up totals", "declared totals", c.findTotals})
	}
	if counters, ok := c.dialect().(sqldb.Counters); ok && c.Remote == nil && len(c.counterColumns(counters)) > 0 {
		steps = append(steps, step{"counters", "looking at the target's counters", "the target's counters", c.findStale})
	}
	return steps
}

// leftOut says why a step is not taken; empty when it is.
func (c *comparison) leftOut(s *step) string {
	switch sampled := !c.o.Sample.All(); {
	case c.Remote != nil && (s.name == "orphans" || s.name == "totals"):
		return "the target is an API, which cannot be asked over all of its records"
	case len(c.o.Only) > 0:
		return "only named records were compared"
	case !c.whole && len(c.of.Options.Only) == 0 && c.of.Options.Limit == 0:
		return "the run read other files than the mapping names"
	case !c.whole:
		return "the run was over some of the records"
	case c.wave && (s.name == "gone" || s.name == "totals"):
		return "a wave's input holds its own records alone"
	case sampled && (s.name == "gone" || s.name == "totals"):
		return "a sample says nothing of records that it passed over"
	}
	return ""
}

// steps are those that are taken.
func (c *comparison) steps() []step {
	return slices.DeleteFunc(c.asked(), func(s step) bool { return c.leftOut(&s) != "" })
}

// tellLeftOut tells what is not looked at because steps are left out.
func (c *comparison) tellLeftOut() {
	var reasons []string
	about := map[string][]string{}
	for _, s := range c.asked() {
		why := c.leftOut(&s)
		if why == "" {
			continue
		}
		if about[why] == nil {
			reasons = append(reasons, why)
		}
		about[why] = append(about[why], s.about)
	}
	for _, why := range reasons {
		c.stored.LookedNot(strings.Join(about[why], ", ") + ": " + why)
	}
}

// needsKeys reports whether a step that is left asks for the keys of the source.
func (c *comparison) needsKeys() bool {
	return slices.ContainsFunc(c.steps(), func(s step) bool {
		return (s.name == "gone" || s.name == "rows") && !slices.Contains(c.at.Steps, s.name)
	})
}

// noteStep notes a step and what it found.
func (c *comparison) noteStep(ctx context.Context, name string, instead verdict.Verdict, found verdict.Found) error {
	c.at.Steps = append(c.at.Steps, name)
	c.at.Noted = c.clock.now()
	c.stored.Position = c.at.String()
	err := c.notes.note(ctx, c.stored, instead, found)
	c.noted = time.Now()
	return err
}
