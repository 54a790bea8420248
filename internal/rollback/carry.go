package rollback

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

// How long is waited before orders are looked after whose answers are lost, and
// between two such looks at most.
const (
	firstPause = 200 * time.Millisecond
	mostPause  = 15 * time.Second
)

// carry sends the orders until each has an end, with growing pauses and for as
// long as patience lasts. What it leaves then stays unknown.
func (c *calls) carry(ctx context.Context) error {
	open := make([]int, len(c.orders))
	for n := range open {
		open[n] = n
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = firstPause, mostPause
	patience := cmp.Or(c.o.Patience, target.DefaultPatience)
	intended := time.Now().UnixNano() // of the clock that goes on while the process is suspended
	for until := time.Now().Add(patience); ; {
		// Calls that come late ask again whether they may: another worker may have taken
		// over, or the target may have been closed.
		if now := time.Now().UnixNano(); now-intended > int64(lateAfter) {
			if err := c.mayStill(ctx); err != nil {
				return err
			}
		}
		intended = 0
		ends, err := c.ask(ctx, open, c.Remote.Send)
		c.note(open, ends)
		if err == nil {
			err = c.askRefused(ctx, open)
		}
		if err != nil {
			return c.broken(err)
		}
		var lost []int
		if lost, open = c.left(open); len(lost) > 0 {
			if ends, err = c.ask(ctx, lost, c.Remote.Settle); err != nil {
				return c.broken(err)
			}
			c.note(lost, ends)
			for _, n := range lost {
				// One of which nothing can be found out is sent again all the same: what is
				// gone, or holds again what it held, does not change by it.
				c.orders[n].Again = true
				if s := c.ends[n].State; s == target.Absent || s == target.Unknown {
					open = append(open, n)
				}
			}
		}
		if len(open) == 0 {
			return nil
		}
		wait := pause.NextBackOff()
		if time.Now().Add(wait).After(until) {
			return nil
		}
		c.runner.tell(run.Event{Kind: run.EventWaiting, Entity: c.done.Name, Message: fmt.Sprintf("%d calls without a clear answer; trying again in %s", len(open), wait.Round(time.Millisecond))})
		if err := run.Idle(ctx, wait, nil, c.o.Stop); err != nil {
			return err
		}
	}
}

// lateAfter is how long after the lease was asked calls ask it again.
const lateAfter = books.LeaseSeconds * time.Second / 2

// mayStill asks the lease and the guard again.
func (c *calls) mayStill(ctx context.Context) error {
	return c.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := c.Check(ctx, a.Tx); err != nil {
			return err
		}
		return c.Lease.Keep(ctx, a.Tx, c.run.Name)
	}, c.Again)
}

// askRefused asks of orders that were sent before whether it is their own work
// that refuses them now.
func (c *calls) askRefused(ctx context.Context, open []int) error {
	var refused []int
	for _, n := range open {
		if end := &c.ends[n]; c.orders[n].Again && end.State == target.Refused && end.Code == record.CodeEdited {
			refused = append(refused, n)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	ends, err := c.ask(ctx, refused, c.Remote.Settle)
	for at, n := range refused {
		if at < len(ends) && ends[at].State == target.Done {
			c.ends[n] = ends[at]
		}
	}
	return err
}

func (c *calls) ask(ctx context.Context, which []int, call func(context.Context, []target.Order) ([]target.Outcome, error)) ([]target.Outcome, error) {
	orders := make([]target.Order, len(which))
	for n, at := range which {
		orders[n] = c.orders[at]
	}
	ends, err := call(ctx, orders)
	if err == nil && len(ends) != len(orders) {
		err = fmt.Errorf("%d orders have %d ends: this is a fault of Landfall's", len(orders), len(ends))
	}
	return ends, err
}

func (c *calls) note(which []int, ends []target.Outcome) {
	for n := range ends {
		c.ends[which[n]] = ends[n]
	}
}

// left parts orders without an end into those that a call may have carried and
// those that none has.
func (c *calls) left(which []int) (lost, unsent []int) {
	for _, n := range which {
		switch c.ends[n].State {
		case target.Unknown:
			lost = append(lost, n)
		case target.Unsent, target.Absent:
			unsent = append(unsent, n)
		}
	}
	return lost, unsent
}
