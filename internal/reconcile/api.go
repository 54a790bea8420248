package reconcile

import (
	"context"
	"fmt"

	"landfall/internal/intent"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// mostCallers is how many batches of an API's records are looked at side by side
// at most; its own limits hold the calls back besides.
const mostCallers = 4

// mayAsk checks that an API's records can be read.
func (w *work) mayAsk() error {
	for _, e := range w.x.Entities {
		if !e.Remote.Abilities().Fetch {
			return fmt.Errorf("%w: there is no request that reads records of %s, so nothing can be held against them: describe one as `get` of the connection %s", run.ErrUnable, e.Table.Name, w.m.Target.Name)
		}
	}
	return nil
}

// notWalked tells that an API is not walked through, and how many records it
// counts besides those that are known.
func (c *comparison) notWalked(ctx context.Context) error {
	line := "records that no record owns: an API is not walked through"
	if c.Remote.Abilities().Count {
		there, err := c.Remote.Count(ctx)
		if err != nil {
			return fmt.Errorf("asking how many records there are: %w", err)
		}
		var own int64
		err = c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			own, err = c.Store().CountOnTarget(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		line += fmt.Sprintf("; it counts %d of %s, and %d are known here", there, c.Table.Name, own)
	}
	c.stored.LookedNot(line)
	return nil
}

// tellHidden tells what is written and never given back, and what was sent and
// never answered.
func (c *comparison) tellHidden(ctx context.Context) error {
	for i := range c.Columns {
		if c.Columns[i].Hidden {
			c.stored.LookedNot(c.Columns[i].Name + ": the target shows it to nobody")
		}
	}
	if c.version < intentsSince {
		return nil
	}
	var open int64
	err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		_, open, err = intent.Of(c.ledger.Books(), c.stored.ID).Count(ctx, tx)
		return err
	})
	if err == nil && open > 0 {
		c.stored.LookedNot(fmt.Sprintf("%d records that were sent and of which it is not known what became of them: `landfall retry` asks", open))
	}
	return err
}

// intentsSince is the version of the books from which on they keep what is about
// to be called for.
const intentsSince = 5

// agreeing asks the target which of the rows it finds by what records are
// recognised by.
func (c *comparison) agreeing(ctx context.Context, tx sqldb.Tx, asked []*seen) error {
	tuples := make([][]record.Value, len(asked))
	for i, s := range asked {
		for _, column := range c.Match {
			tuples[i] = append(tuples[i], s.Row[c.Place(column.Name)])
		}
	}
	matched, err := c.Rows().Match(ctx, tx, c.Match, tuples)
	if err != nil {
		return err
	}
	for i, s := range asked {
		s.agrees = matched[i].Count == 1 && c.KeyText(matched[i].Key) == s.Entry.TargetKey
	}
	return nil
}
