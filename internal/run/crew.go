package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"landfall/internal/guard"
	"landfall/internal/target"
)

// mostLanes bounds the lanes that are chosen without being asked for: more of
// them make the target's other users wait and gain little.
const mostLanes = 4

// mostCalls bounds them where they make calls: each has a connection to the books.
const mostCalls = 16

// crew is the lanes at work on an entity, as many as steering wants.
type crew struct {
	*entityRun
	group   *errgroup.Group
	landing context.Context
	batches <-chan *shaped

	mu       sync.Mutex
	steering *steering
	atWork   int
}

// crewFor chooses between how many lanes the entity may land in.
func (e *entityRun) crewFor(ctx context.Context, batches <-chan *shaped) *crew {
	least, most := 1, mostLanes
	if e.Remote != nil {
		// What holds lanes back is the API's limits, which no lane can tell from
		// the others' doing: there is nothing to steer by.
		most = min(e.m.API().Calls(), mostCalls)
		least = most
	}
	if e.o.Lanes > 0 {
		least, most = e.o.Lanes, e.o.Lanes
	}
	if throttle := e.m.Target.Throttle; throttle != nil && throttle.Lanes > 0 {
		if most = throttle.Lanes; e.o.Lanes > 0 {
			most = min(most, e.o.Lanes)
		}
	}
	if writers := e.books.Dialect().Writers(); writers > 0 && e.Remote == nil {
		most = min(most, writers)
	}
	if most > 1 && (e.rehearse || e.shadow != nil || e.wanted != nil || !e.orderless()) {
		most = 1
	}
	c := &crew{entityRun: e, batches: batches, steering: newSteering(min(least, most), most)}
	c.group, c.landing = errgroup.WithContext(ctx)
	return c
}

// work lands all batches. Lanes that are added on the way join the group.
func (c *crew) work() error {
	c.mu.Lock()
	for range c.steering.lanes {
		c.hire()
	}
	c.mu.Unlock()
	err := c.group.Wait()
	c.laneCount.Store(0)
	return err
}

// hire adds a lane. The first one has the run's own connection and stays to
// the end.
func (c *crew) hire() {
	c.atWork++
	c.laneCount.Store(int64(c.atWork))
	if c.atWork == 1 {
		first := c.newLane(c.Loader)
		c.group.Go(func() error { return first.landAll(c, true) })
		return
	}
	c.group.Go(func() error {
		loader := &target.Loader{Open: c.m.OpenTarget, Dialect: c.books.Dialect(), Patience: c.o.Patience, Waiting: c.waiting}
		defer loader.Close(context.WithoutCancel(c.landing))
		if !c.connected(loader) {
			return nil
		}
		return c.newLane(loader).landAll(c, false)
	})
}

// connected opens a lane's connection before it takes a batch. A target that
// has none to spare is no reason to break a run that goes on without.
func (c *crew) connected(loader *target.Loader) bool {
	if c.o.Lanes > 0 {
		return true // as many as were asked for, or an error
	}
	if _, err := loader.DB(c.landing); err == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave()
	c.steering.limit(c.atWork)
	return false
}

func (c *crew) leave() {
	c.atWork--
	c.laneCount.Store(int64(c.atWork))
}

// landed takes note of a lane's batch. It reports whether that lane is one too
// many.
func (c *crew) landed(m measured, first bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted := c.steering.landed(m)
	for range wanted - c.atWork {
		c.hire()
	}
	if c.atWork > wanted && !first {
		c.leave()
		return true
	}
	return false
}

// held takes note that a lane waited by itself, so that steering does not take
// that for the target's answer.
func (c *crew) held() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steering.pause()
}

// closed reports whether an error is that the target accepts no more writes: then
// all lanes stop, each after its transaction.
func (l *lane) closed(err error) bool {
	var refusal *guard.Refusal
	refused, _ := l.Gate.Refused()
	return errors.As(err, &refusal) && refused != nil
}

// landAll lands batches until there are none, the lane is one too many, or it
// is asked to stop.
func (l *lane) landAll(c *crew, first bool) error {
	for {
		batch, err := l.next(c.landing, c.batches)
		if batch == nil || err != nil {
			return err
		}
		l.point(PointRead)
		switch held, err := l.await(c.landing, len(batch.Items)); {
		case errors.Is(err, ErrStopped):
			l.unlanded.Add(1)
			return nil
		case err != nil:
			return err
		case held:
			c.held()
		}
		begun := time.Now()
		if err := l.carryBatch(c.landing, batch); l.closed(err) || errors.Is(err, ErrStopped) {
			l.unlanded.Add(1) // what other lanes have in hand is finished
			return nil
		} else if err != nil {
			return err
		}
		now := time.Now()
		m := measured{at: now, records: len(batch.Items), took: now.Sub(begun), locked: l.contended.Swap(false)}
		if c.landed(m, first) {
			return nil
		}
	}
}
