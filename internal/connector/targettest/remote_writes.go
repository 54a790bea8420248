package targettest

import (
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/target"
)

func testRemoteCreate(g *remoteGround) {
	orders := g.creates(0, 7)
	keys := g.made(orders...)
	for i := range orders {
		g.holds(keys[i], orders[i].Values)
	}
	g.count(7)
	// Several at a time, with one among them that is not there.
	if !g.able.Fetch {
		return
	}
	gone := [][]record.Value{keys[0], g.absent(), keys[3]}
	fetched, err := g.remote.Fetch(g.t.Context(), gone, g.columns[:1])
	if err != nil || fetched[0].Values == nil || fetched[1].Values != nil || fetched[2].Values == nil {
		g.t.Errorf("%+v %v", fetched, err)
	}
}

// A record that the API refuses takes none of its batch with it.
func testRemoteRefused(g *remoteGround) {
	if g.h.Refuse == nil {
		g.t.Skip("this API refuses nothing")
	}
	orders := g.creates(0, 4)
	bad := g.h.Record(2)
	code := g.h.Refuse(bad)
	orders[2] = g.create(bad)
	for i, o := range g.send(orders...) {
		switch {
		case i != 2 && o.State != target.Done:
			g.t.Errorf("record %d: %+v", i, o)
		case i == 2 && (o.State != target.Refused || o.Code != code || o.Message == ""):
			g.t.Errorf("expected it to be refused with %s, got %+v", code, o)
		}
		if i == 2 {
			g.keepsValues(o, orders[2])
		}
	}
	g.count(3)
}

// keepsValues wants a message without what the record holds.
func (g *remoteGround) keepsValues(o target.Outcome, order target.Order) {
	g.t.Helper()
	for i, value := range order.Values {
		if cell := value.String(); len(cell) > 7 && strings.Contains(strings.ToLower(o.Message), strings.ToLower(cell)) {
			g.t.Errorf("the message shows the value of %s: %q", g.columns[i].Name, o.Message)
		}
	}
}

// Somebody else's record with the same value stays as it is, and refuses ours.
func testRemoteDuplicate(g *remoteGround) {
	first := g.create(g.h.Record(1))
	key := g.made(first)[0]
	cells := g.h.Record(2)
	cells[g.h.Unique] = g.h.Record(1)[g.h.Unique]
	orders := []target.Order{g.create(g.h.Record(0)), g.create(cells), g.create(g.h.Record(3))}
	outcomes := g.send(orders...)
	if o := outcomes[1]; o.State != target.Refused || o.Code != record.CodeUnique {
		g.t.Errorf("%+v", o)
	}
	g.keepsValues(outcomes[1], orders[1])
	if outcomes[0].State != target.Done || outcomes[2].State != target.Done {
		g.t.Errorf("%+v", outcomes)
	}
	g.holds(key, first.Values)
	g.count(3)
}

func testRemoteMatch(g *remoteGround) {
	if !g.able.Match {
		g.t.Skip("records of this API cannot be searched")
	}
	orders := g.creates(0, 3)
	keys := g.made(orders...)
	place := g.place(g.h.Unique)
	matched, err := g.remote.Match(g.t.Context(), g.columns[place:place+1], [][]record.Value{
		{orders[2].Values[place]}, {record.Null()}, {g.fit(g.h.Unique, g.h.Record(7)[g.h.Unique])}, {orders[0].Values[place]},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	for i, want := range []int{2, -1, -1, 0} {
		m := matched[i]
		if want < 0 && m.Count != 0 || want >= 0 && (m.Count != 1 || !slices.Equal(m.Key, keys[want])) {
			g.t.Errorf("tuple %d: %+v", i, m)
		}
	}
}

// An update writes what differs, and sends nothing else.
func testRemoteUpdate(g *remoteGround) {
	made := g.create(g.h.Record(4))
	key := g.made(made)[0]
	update := g.update(made, key)
	if o := g.send(update)[0]; o.State != target.Done {
		g.t.Fatalf("%+v", o)
	}
	bodies := strings.Join(g.Bodies(), "\n")
	if !strings.Contains(bodies, g.h.Updated) {
		g.t.Errorf("expected the new value to be sent, got %s", bodies)
	}
	for i, value := range made.Values {
		if cell := value.String(); i != g.place(g.h.Update) && len(cell) > 3 && strings.Contains(bodies, cell) {
			g.t.Errorf("%s did not change and is sent: %s", g.columns[i].Name, bodies)
		}
	}
	g.holds(key, update.Values)
}

func testRemoteUpdateOfNothing(g *remoteGround) {
	made := g.create(g.h.Record(4))
	key := g.made(made)[0]
	same := g.update(made, key)
	same.Values = slices.Clone(made.Values)
	for i, column := range g.columns {
		if column.Hidden { // nobody knows whether it differs
			same.Columns, same.Values = slices.Delete(slices.Clone(same.Columns), i, i+1), slices.Delete(same.Values, i, i+1)
			same.Before = same.Values
			break
		}
	}
	if o := g.send(same)[0]; o.State != target.Done {
		g.t.Errorf("%+v", o)
	}
	if bodies := g.Bodies(); len(bodies) > 0 {
		g.t.Errorf("nothing differs, and it was sent: %s", bodies)
	}
}

func testRemoteUpdateOfMissing(g *remoteGround) {
	made := g.create(g.h.Record(4))
	if o := g.send(g.update(made, g.absent()))[0]; o.State != target.Refused || o.Code != record.CodeMissing {
		g.t.Errorf("%+v", o)
	}
}

// A record that was changed since it was read is left as it is.
func testRemoteUpdateOfChanged(g *remoteGround) {
	if !g.h.Versions {
		g.t.Skip("records of this API have no versions")
	}
	made := g.create(g.h.Record(4))
	key := g.made(made)[0]
	read, err := g.remote.Fetch(g.t.Context(), [][]record.Value{key}, g.columns)
	if err != nil || read[0].Version == "" {
		g.t.Fatalf("%+v %v", read, err)
	}
	first := g.update(made, key)
	if o := g.send(first)[0]; o.State != target.Done {
		g.t.Fatalf("%+v", o)
	}
	late := g.update(made, key)
	late.Version, late.Values[g.place(g.h.Update)] = read[0].Version, made.Values[g.place(g.h.Update)]
	late.Before = first.Values
	if o := g.send(late)[0]; o.State != target.Refused || o.Code != record.CodeEdited {
		g.t.Errorf("%+v", o)
	}
	g.holds(key, first.Values)
}

func testRemoteDelete(g *remoteGround) {
	key := g.absent() // creates one, and deletes it
	if g.now(key) != nil {
		g.t.Error("it is still there")
	}
	order := g.create(g.h.Record(5))
	order.Deed, order.Key = target.DeedDelete, key
	if o := g.send(order)[0]; o.State != target.Done || !o.Already {
		g.t.Errorf("expected it to be gone already, got %+v", o)
	}
	g.count(0)
}

func testRemoteCount(g *remoteGround) {
	if !g.able.Count {
		g.t.Skip("records of this API cannot be counted")
	}
	g.count(0)
	g.made(g.creates(0, 3)...)
	g.count(3)
}
