package rollback

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// calls undoes one batch of an API's records. The API shares no transaction with
// the books, so it goes in four steps: what there is to do is looked at and
// judged; it is written down; it is done by calls; and it is told. A step that is
// lost is found by its intents, and the batch is done again from the start.
type calls struct {
	*batch
	orders []target.Order
	items  []*item // of the orders
	ends   []target.Outcome
}

// undoByCalls undoes some records of an API and tells of them at the place. It
// leaves no intent behind but of what nobody can tell the end of.
func (e *entityUndo) undoByCalls(ctx context.Context, g *group, at ledger.Place, read func(context.Context, sqldb.Tx) ([]*item, error)) error {
	c := &calls{}
	err := e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		c.batch = &batch{entityUndo: e, group: g, tx: tx, at: at}
		e.point(run.PointBegun)
		if c.batch.items, err = read(ctx, tx); err != nil {
			return err
		}
		return c.recollectRows(ctx)
	})
	if err != nil {
		return err
	}
	if err := c.fetch(ctx); err != nil {
		return err
	}
	err = e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		c.tx = tx
		if err := c.begun(ctx); err != nil {
			return err
		}
		return c.judgeLooked(ctx)
	})
	if err != nil {
		return err
	}
	if err := c.spareReferred(); err != nil {
		return err
	}
	e.point(PointJudged)
	c.order()
	if len(c.orders) > 0 && !e.rehearse {
		begun := e.Gate.Begins()
		if err := c.intend(ctx); err != nil {
			return err
		}
		e.point(PointIntended)
		if err := c.carry(ctx); err != nil {
			return err
		}
		e.Gate.Took(begun)
	}
	c.judgeEnds()
	e.point(PointUndone)
	return c.tell(ctx)
}

// fetch reads the records by calls, while no transaction of the books is open.
func (c *calls) fetch(ctx context.Context) error {
	if len(c.looked) == 0 {
		return nil
	}
	fetched, err := c.Remote.Fetch(ctx, c.lookedKeys, c.columns)
	if err != nil {
		return c.broken(fmt.Errorf("reading the records: %w", err))
	}
	for n, i := range c.looked {
		i.row, i.version = fetched[n].Values, fetched[n].Version
	}
	return nil
}

// begun finds what an earlier session of the rollback, or an earlier rollback, has
// set about and not told the end of.
func (b *batch) begun(ctx context.Context) error {
	var keys []string
	for _, i := range b.items {
		if (i.deed == made || i.deed == changed) && i.open() && !i.gone {
			keys = append(keys, i.line.Key)
		}
	}
	found, err := intent.Of(b.books, b.stored.ID).Find(ctx, b.tx, keys)
	if err != nil {
		return fmt.Errorf("looking for calls whose answers are lost: %w", err)
	}
	for _, i := range b.items {
		open, is := found[i.line.Key]
		switch {
		case !is || !i.open():
		case !b.undoes(open.RunID):
			i.keep(record.Blocked, record.CodeLaterRun, "", "it is not known what became of a call of another run that was to %s it: settle that first, by `landfall retry`", open.Deed)
		case open.Deed == string(target.DeedDelete) && i.deed == made || open.Deed == string(target.DeedUpdate) && i.deed == changed:
			i.begun = &open
		}
	}
	return nil
}

// inDoubt finds the records of which it is not known what calls of runs made of
// them.
func (b *batch) inDoubt(ctx context.Context, keys []string) (map[string]intent.Intent, error) {
	if b.Remote == nil {
		return nil, nil
	}
	found, err := intent.Of(b.books, b.stored.ID).Find(ctx, b.tx, keys)
	if err != nil {
		return nil, fmt.Errorf("looking for calls whose answers are lost: %w", err)
	}
	maps.DeleteFunc(found, func(_ string, i intent.Intent) bool { return i.OfRollback() || i.State == intent.Absent })
	return found, nil
}

// undoes reports whether a run is this rollback or an earlier one of the same run.
func (b *batch) undoes(run int64) bool {
	if run == b.run.ID {
		return true
	}
	for _, r := range b.rollbacks {
		if r == run {
			return true
		}
	}
	return false
}

// judgeBegun holds a record against what a call may have made of it.
func (b *batch) judgeBegun(i *item) {
	switch {
	case i.row == nil:
		i.done = i.deed == made // by the call; else it is gone, and nothing is left to give back
		i.gone = !i.done
		return
	case i.deed == made || !i.shape.Known:
		b.judgeContent(i)
		return
	}
	was, err := b.imageOf(i, i.begun.Before)
	if err != nil {
		b.judgeContent(i)
		return
	}
	i.was, i.done = i.begun.Before, true
	for n := range i.shape.Columns {
		switch is := i.row[i.shape.places[n]]; {
		case is == i.before[n]:
		case is == was[n]:
			i.done = false
		default:
			i.done, i.was = false, ""
			i.keep(record.Kept, record.CodeEdited, i.shape.Columns[n].Name, "it was changed since the rollback began to give it back what it held")
			return
		}
	}
}

// intend writes down what is about to be done. It is the last moment at which the
// lease and the guard may keep it from being done.
func (c *calls) intend(ctx context.Context) error {
	intents := make([]intent.Intent, len(c.orders))
	for n := range c.orders {
		i, o := c.items[n], &c.orders[n]
		intents[n] = intent.Intent{
			SourceKey: i.line.Key, RunID: c.run.ID, Slice: c.at.Slice, Ordinal: c.at.Ordinal, Number: i.line.Number,
			Deed: string(o.Deed), State: intent.Sent, Token: o.Token, TargetKey: i.entry.TargetKey, Before: i.was,
		}
	}
	return c.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := c.Check(ctx, a.Tx); err != nil {
			return err
		}
		return intent.Of(c.books, c.stored.ID).Put(ctx, a.Tx, intents)
	}, c.Again)
}

// broken is what breaks the rollback where the API says no more. What was begun
// is found again by its intents.
func (c *calls) broken(err error) error {
	if errors.Is(err, target.ErrDenied) {
		return fmt.Errorf("undoing %s: %w; what was begun is looked at when the rollback goes on", c.Table.Name, err)
	}
	return fmt.Errorf("undoing %s: %w", c.Table.Name, err)
}

// tell writes the ends down, and takes the intents away but of what is not known
// or was done in part. A target that was closed meanwhile must know, too, what
// was done before.
func (c *calls) tell(ctx context.Context) error {
	var marker *ledger.Marker
	var found []record.Ref
	err := c.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) (err error) {
		c.tx, c.found = a.Tx, nil
		check := c.Lease.Check
		if len(c.orders) == 0 {
			check = c.Check
		}
		if err := check(ctx, a.Tx); err != nil {
			return err
		}
		if err := sqldb.PreferIndexes(ctx, a.Tx, c.books.Dialect(), true); err != nil {
			return err
		}
		if err := c.remember(ctx); err != nil {
			return err
		}
		c.point(run.PointCrosswalk)
		if err := intent.Of(c.books, c.stored.ID).Remove(ctx, a.Tx, c.ended()); err != nil {
			return err
		}
		if marker, err = c.tellAll(ctx); err != nil {
			return err
		}
		if err := c.Lease.Keep(ctx, a.Tx, c.run.Name); err != nil {
			return err
		}
		c.point(run.PointLedger)
		found = c.found
		return nil
	}, c.Marked(c.ledger, c.at, &marker))
	if err != nil {
		return err
	}
	c.point(run.PointCommitted)
	c.settled(marker, found)
	return nil
}
