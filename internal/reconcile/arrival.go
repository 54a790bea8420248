package reconcile

import (
	"context"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// arrival tells when a row that nobody owns came, by its key.
type arrival func(key string) whenCame

// whenCame is when a row came, seen from the first run.
type whenCame int

const (
	unknown whenCame = iota
	before
	since
)

// measured is the version of the books from which on runs take fingerprints.
const measured = 3

// arrivals finds out how it can be told when rows came: by the fingerprint that
// the first run took before it wrote, or by keys that the target's counter gives
// out in order.
func (c *comparison) arrivals(ctx context.Context) (arrival, error) {
	empty, lowest, numbered := false, int64(0), false
	err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		runs, err := c.ledger.Runs(ctx, tx, c.m.File.Name)
		if err != nil || len(runs) == 0 {
			return err
		}
		if c.version >= measured {
			prints, err := c.ledger.Fingerprints(ctx, tx, runs[len(runs)-1].ID)
			if err != nil {
				return err
			}
			if print := prints[c.stored.ID]; print != nil && print.Before.Rows == 0 {
				empty = true
				return nil
			}
		}
		if len(c.Key) != 1 || c.Key[0].Type.Kind != record.KindInt || c.To.NewKey == mapping.KeyNatural {
			return nil
		}
		lowest, numbered, err = c.Store().LowestMade(ctx, tx)
		return err
	})
	return func(text string) whenCame {
		switch {
		case empty:
			return since
		case !numbered:
			return unknown
		}
		key, err := c.KeyOf(text)
		switch {
		case err != nil:
			return unknown
		case key[0].Int() > lowest:
			return since
		}
		return before
	}, err
}
