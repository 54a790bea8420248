package targettest

import (
	"fmt"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// values are a record's, in the form that the columns' types give.
func (g *remoteGround) values(cells map[string]string) []record.Value {
	g.t.Helper()
	values := make([]record.Value, len(g.columns))
	for i, column := range g.columns {
		cell, there := cells[column.Name]
		if !there {
			continue
		}
		value, misfit := column.Type.Fit(record.Text(cell))
		if misfit != nil {
			g.t.Fatalf("%s: %v", column.Name, misfit)
		}
		values[i] = value
	}
	return values
}

// create is an order for a record; each has a token of its own.
func (g *remoteGround) create(cells map[string]string) target.Order {
	g.sent++
	return target.Order{
		Deed: target.DeedCreate, Ref: record.Ref{Entity: "e", Key: fmt.Sprint(g.sent)}, Token: fmt.Sprintf("00000000-0000-4000-8000-%012d", g.sent),
		Columns: g.columns, Values: g.values(cells),
	}
}

// creates are orders for neighbouring records.
func (g *remoteGround) creates(from, count int) []target.Order {
	orders := make([]target.Order, count)
	for i := range orders {
		orders[i] = g.create(g.h.Record(from + i))
	}
	return orders
}

// update is an order that changes the field of the suite in a record whose key
// an outcome tells.
func (g *remoteGround) update(made target.Order, key []record.Value) target.Order {
	o := made
	o.Deed, o.Key, o.Before, o.Token = target.DeedUpdate, key, made.Values, made.Token+"-u"
	o.Values = slices.Clone(made.Values)
	o.Values[g.place(g.h.Update)] = g.fit(g.h.Update, g.h.Updated)
	return o
}

func (g *remoteGround) place(name string) int {
	return slices.IndexFunc(g.columns, func(c sqldb.Column) bool { return c.Name == name })
}

func (g *remoteGround) fit(name, cell string) record.Value {
	value, _ := g.columns[g.place(name)].Type.Fit(record.Text(cell))
	return value
}

// send sends orders and wants no error.
func (g *remoteGround) send(orders ...target.Order) []target.Outcome {
	g.t.Helper()
	outcomes, err := g.remote.Send(g.t.Context(), orders)
	if err != nil {
		g.t.Fatal(err)
	}
	if len(outcomes) != len(orders) {
		g.t.Fatalf("%d outcomes for %d orders", len(outcomes), len(orders))
	}
	return outcomes
}

// made creates records and wants them all to be done.
func (g *remoteGround) made(orders ...target.Order) [][]record.Value {
	g.t.Helper()
	keys := make([][]record.Value, len(orders))
	for i, o := range g.send(orders...) {
		if o.State != target.Done || len(o.Key) != len(g.h.Key) {
			g.t.Fatalf("record %d: %+v", i, o)
		}
		if o.Call == 0 || o.Verified {
			g.t.Errorf("record %d: expected the call that created it, got %+v", i, o)
		}
		keys[i] = o.Key
	}
	g.Bodies()
	return keys
}

// settled asks what became of orders, and wants no error.
func (g *remoteGround) settled(orders ...target.Order) []target.Outcome {
	g.t.Helper()
	outcomes, err := g.remote.Settle(g.t.Context(), orders)
	if err != nil {
		g.t.Fatal(err)
	}
	if len(outcomes) != len(orders) {
		g.t.Fatalf("%d outcomes for %d orders", len(outcomes), len(orders))
	}
	return outcomes
}

// now reads a record; nil when it is not there.
func (g *remoteGround) now(key []record.Value) []record.Value {
	g.t.Helper()
	fetched, err := g.remote.Fetch(g.t.Context(), [][]record.Value{key}, g.columns)
	if err != nil {
		g.t.Fatal(err)
	}
	return fetched[0].Values
}

// holds wants the API to hold what an order wrote; fields that are hidden are
// held against nothing.
func (g *remoteGround) holds(key []record.Value, want []record.Value) {
	g.t.Helper()
	got := g.now(key)
	if got == nil {
		g.t.Errorf("the record %s is not there", text(key))
		return
	}
	for i, column := range g.columns {
		if !column.Hidden && got[i] != want[i] {
			g.t.Errorf("%s: expected %q, got %q", column.Name, want[i], got[i])
		}
	}
}

// count wants so many records, where they can be counted.
func (g *remoteGround) count(want int64) {
	g.t.Helper()
	if !g.able.Count {
		return
	}
	if got, err := g.remote.Count(g.t.Context()); err != nil || got != want {
		g.t.Errorf("expected %d records, got %d (%v)", want, got, err)
	}
}

// absent is a key that no record has: that of one that was deleted.
func (g *remoteGround) absent() []record.Value {
	g.t.Helper()
	if !g.able.Delete {
		g.t.Skip("records of this API cannot be deleted")
	}
	order := g.create(g.h.Record(900))
	key := g.made(order)[0]
	order.Deed, order.Key = target.DeedDelete, key
	if o := g.send(order)[0]; o.State != target.Done {
		g.t.Fatalf("%+v", o)
	}
	g.Bodies()
	return key
}
