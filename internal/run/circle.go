package run

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/sqldb"
)

// circle is the entities that refer to each other, in the order of landing: one
// alone, most of the time. None of them ends before all their records have
// found their parents.
type circle struct {
	*runner
	members []*entityRun
}

// circleOf makes the circle of the first of the entities that are left.
func (r *runner) circleOf(left []ledger.Entity, spill string) (*circle, error) {
	first := r.m.Entity(left[0].Name)
	if first == nil {
		return nil, fmt.Errorf("run %s carries entity %s, which the mapping does not know any more", r.run.Name, left[0].Name)
	}
	c := &circle{runner: r}
	around := r.m.Circle(first)
	for i := range left {
		at := slices.IndexFunc(around, func(e *migration.Entity) bool { return e.Name == left[i].Name })
		if at >= 0 {
			c.members = append(c.members, &entityRun{runner: r, Entity: around[at], stored: &left[i], spill: spill})
		}
	}
	return c, nil
}

// carry brings every record of the circle to its end. What was carried by an
// earlier session of the run is only added up.
func (c *circle) carry(ctx context.Context) error {
	done := true
	for _, e := range c.members {
		e.counts = ledger.Counts{}
		if err := e.recall(ctx); err != nil {
			return err
		}
		done = done && e.stored.Done
	}
	if done {
		return nil
	}
	for _, e := range c.members {
		if err := e.prepare(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if err := e.carry(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	if err := c.settle(ctx); err != nil {
		return fmt.Errorf("%s: filling in references: %w", c.members[0].Name, err)
	}
	for _, e := range c.members {
		if e.changing != nil {
			if err := e.changing.Close(); err != nil {
				return err
			}
			e.changing = nil
		}
	}
	if err := c.tellHeld(); err != nil {
		return err
	}
	if err := c.tellEnds(ctx); err != nil {
		return err
	}
	for _, e := range c.members {
		if err := e.end(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	return nil
}

// waits reports whether records of the circle may wait for others. Those of a
// wave may not: what a row refers to could not be filled in.
func (c *circle) waits() bool {
	if c.wave() {
		return false
	}
	for _, e := range c.members {
		for _, later := range e.later {
			if later {
				return true
			}
		}
	}
	return false
}

// member finds an entity of the circle by its number in the books.
func (c *circle) member(id int64) *entityRun {
	for _, e := range c.members {
		if e.store.EntityID == id {
			return e
		}
	}
	return nil
}

// settle brings every record that waits for a parent to its end, batch by
// batch. It may be broken off and done again at any point: what is settled
// waits no more.
func (c *circle) settle(ctx context.Context) error {
	if !c.waits() {
		return nil
	}
	for settled := false; !settled; {
		if c.stopAsked() {
			return ErrStopped
		}
		var err error
		if settled, err = c.settleBatch(ctx); err != nil {
			return err
		}
		c.point(PointSettled)
		for _, e := range c.members {
			if err := e.budget.end(); err != nil {
				return err
			}
		}
	}
	return c.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		entities, err := c.ledger.Entities(ctx, tx, c.run.ID)
		if err != nil {
			return err
		}
		for _, e := range c.members {
			at := slices.IndexFunc(entities, func(stored ledger.Entity) bool { return stored.ID == e.stored.ID })
			e.stored.Corrections = entities[at].Corrections
			counts, _, err := c.ledger.Counts(ctx, tx, c.run.ID, e.stored.ID)
			if err != nil {
				return err
			}
			e.mu.Lock()
			e.counts = counts
			e.mu.Unlock()
		}
		return nil
	})
}
