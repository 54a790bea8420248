package targettest

import (
	"context"
	"strings"
	"time"

	"landfall/internal/record"
	"landfall/internal/target"
)

// More records than a call carries, by number and by bytes, go out in several.
func testRemoteLargeBatches(g *remoteGround) {
	count := g.remote.Records() + g.remote.Records()/2 + 1
	orders := g.creates(0, count)
	if g.h.Wide != "" && g.h.Largest > 0 {
		place := g.place(g.h.Wide)
		for i := range orders {
			orders[i].Values[place] = g.fit(g.h.Wide, strings.Repeat("ä", g.h.Largest/100))
		}
	}
	for i, o := range g.send(orders...) {
		if o.State != target.Done {
			g.t.Fatalf("record %d: %+v", i, o)
		}
	}
	for _, body := range g.Bodies() {
		if g.h.Largest > 0 && len(body) > g.h.Largest {
			g.t.Errorf("a call has %d bytes", len(body))
		}
	}
	g.count(int64(count))
}

// A record that no call can carry is refused with words, and alone.
func testRemoteTooLarge(g *remoteGround) {
	if g.h.Wide == "" || g.h.Largest == 0 {
		g.t.Skip("calls of this API may be as large as they like")
	}
	orders := g.creates(0, 3)
	orders[1].Values[g.place(g.h.Wide)] = g.fit(g.h.Wide, strings.Repeat("x", g.h.Largest))
	outcomes := g.send(orders...)
	if o := outcomes[1]; o.State != target.Refused || o.Code != record.CodeTooLong || o.Message == "" {
		g.t.Errorf("%+v", o)
	}
	if outcomes[0].State != target.Done || outcomes[2].State != target.Done {
		g.t.Errorf("%+v", outcomes)
	}
	g.count(2)
}

// What is refused for now is sent again, with waits that are told.
func testRemoteThrottled(g *remoteGround) {
	told := make(chan target.Notice, 100)
	g.API.Observe(func(n target.Notice) {
		select {
		case told <- n:
		default:
		}
	})
	g.Throttle(2)
	g.made(g.create(g.h.Record(0)))
	if len(told) == 0 {
		g.t.Error("nobody was told that calls wait")
	}
	g.count(1)
}

// An answer that is lost leaves unknown what its call carried, and asking finds
// out.
func testRemoteLostAnswer(g *remoteGround) {
	orders := g.creates(0, 3)
	g.Lose(len(orders))
	outcomes := g.send(orders...)
	g.Lose(0)
	idempotent := outcomes[0].State == target.Done // it was sent again by itself
	for i, o := range outcomes {
		if o.State != target.Unknown && !idempotent {
			g.t.Fatalf("record %d: expected it to be unknown, got %+v", i, o)
		}
	}
	for i, o := range g.settled(orders...) {
		if o.State != target.Done || !o.Verified || len(o.Key) != len(g.h.Key) {
			g.t.Fatalf("record %d: %+v", i, o)
		}
		g.holds(o.Key, orders[i].Values)
	}
	g.count(3)
}

// A call that never arrived is found to be absent, and sent again.
func testRemoteLostCall(g *remoteGround) {
	orders := g.creates(0, 3)
	g.LoseCalls(len(orders))
	outcomes := g.send(orders...)
	g.LoseCalls(0)
	idempotent := outcomes[0].State == target.Done // it was sent again by itself
	for i, o := range outcomes {
		if o.State != target.Unknown && !idempotent {
			g.t.Fatalf("record %d: %+v", i, o)
		}
	}
	var again []target.Order
	for i, o := range g.settled(orders...) {
		switch o.State {
		case target.Absent:
			orders[i].Again = true
			again = append(again, orders[i])
		case target.Done:
			if !idempotent && !o.Verified {
				g.t.Errorf("record %d: %+v", i, o)
			}
		default:
			g.t.Fatalf("record %d: %+v", i, o)
		}
	}
	if len(again) > 0 {
		for i, o := range g.send(again...) {
			if o.State != target.Done {
				g.t.Fatalf("record %d: %+v", i, o)
			}
		}
	}
	g.count(3)
}

// A record of somebody else with the same value is not taken for ours.
func testRemoteSomebodyElses(g *remoteGround) {
	theirs := g.create(g.h.Record(1))
	key := g.made(theirs)[0]
	cells := g.h.Record(2)
	cells[g.h.Unique] = g.h.Record(1)[g.h.Unique]
	ours := g.create(cells)
	g.Lose(1)
	if o := g.send(ours)[0]; o.State != target.Unknown && o.State != target.Refused {
		g.t.Fatalf("%+v", o)
	}
	g.Lose(0)
	switch o := g.settled(ours)[0]; {
	case o.State == target.Refused && o.Code == record.CodeUnique:
	case o.State == target.Absent: // sent again, it is refused
		ours.Again = true
		if o := g.send(ours)[0]; o.State != target.Refused || o.Code != record.CodeUnique {
			g.t.Errorf("%+v", o)
		}
	default:
		g.t.Errorf("expected it to be refused for somebody else's record, got %+v", o)
	}
	g.holds(key, theirs.Values)
	g.count(1)
}

func testRemoteLostUpdate(g *remoteGround) {
	if !g.able.Fetch {
		g.t.Skip("records of this API cannot be read")
	}
	made := g.create(g.h.Record(4))
	key := g.made(made)[0]
	update := g.update(made, key)
	g.LoseCalls(1)
	if o := g.send(update)[0]; o.State != target.Unknown {
		g.t.Fatalf("%+v", o)
	}
	if o := g.settled(update)[0]; o.State != target.Absent {
		g.t.Fatalf("expected it not to be there, got %+v", o)
	}
	g.Lose(1)
	if o := g.send(update)[0]; o.State != target.Unknown {
		g.t.Fatalf("%+v", o)
	}
	if o := g.settled(g.verifiable(update))[0]; o.State != target.Done || !o.Verified {
		g.t.Fatalf("expected it to be done, got %+v", o)
	}
	g.holds(key, update.Values)
}

// verifiable leaves out columns that nobody can look at.
func (g *remoteGround) verifiable(o target.Order) target.Order {
	shown := o
	shown.Columns, shown.Values, shown.Before = nil, nil, nil
	for i, column := range o.Columns {
		if !column.Hidden {
			shown.Columns, shown.Values, shown.Before = append(shown.Columns, column), append(shown.Values, o.Values[i]), append(shown.Before, o.Before[i])
		}
	}
	return shown
}

func testRemoteLostDelete(g *remoteGround) {
	if !g.able.Delete || !g.able.Fetch {
		g.t.Skip("records of this API cannot be deleted and looked for")
	}
	order := g.create(g.h.Record(5))
	order.Key = g.made(order)[0]
	order.Deed = target.DeedDelete
	if o := g.settled(order)[0]; o.State != target.Absent {
		g.t.Errorf("expected the deletion not to be done, got %+v", o)
	}
	g.Lose(1)
	if o := g.send(order)[0]; o.State != target.Unknown {
		g.t.Errorf("%+v", o)
	}
	if o := g.settled(order)[0]; o.State != target.Done || !o.Verified {
		g.t.Errorf("expected the deletion to be done, got %+v", o)
	}
}

// Whoever is interrupted gets an outcome for each order, and an error.
func testRemoteInterrupted(g *remoteGround) {
	ctx, cancel := context.WithCancel(g.t.Context())
	cancel()
	outcomes, err := g.remote.Send(ctx, g.creates(0, 3))
	if err == nil || len(outcomes) != 3 {
		g.t.Fatalf("%+v %v", outcomes, err)
	}
	for i, o := range outcomes {
		if o.State != target.Unsent {
			g.t.Errorf("record %d: %+v", i, o)
		}
	}
	g.Throttle(1_000)
	ctx, cancel = context.WithTimeout(g.t.Context(), 300*time.Millisecond)
	defer cancel()
	outcomes, err = g.remote.Send(ctx, g.creates(10, 2))
	g.Throttle(0)
	if err == nil || len(outcomes) != 2 {
		g.t.Fatalf("%+v %v", outcomes, err)
	}
	switch outcomes[0].State {
	case target.Unsent:
		g.count(0)
	case target.Unknown: // it was interrupted in the middle of a call
	default:
		g.t.Errorf("%+v %v", outcomes, err)
	}
}
