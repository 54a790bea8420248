package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// ExpectOptions say of which records it is asked what must stand for them.
type ExpectOptions struct {
	Options
	Entities []string // these alone; empty means all
}

// Expectation carries source records the way of a run, up to the row that must
// stand for each of them, and no further: it takes no lease and writes nothing,
// neither to the target nor to the books.
type Expectation struct {
	*runner
	Entities []*ExpectedEntity
	spill    string
}

// ExpectedEntity is one entity's part in it.
type ExpectedEntity struct {
	*entityRun
	sample func(*record.Ref) bool
	keys   *dedupe.Seen // of all records that were read
}

// Expect opens what is needed to tell the expected rows of the entities, in the
// order of landing. Close gives it back.
func Expect(ctx context.Context, m *migration.Migration, o ExpectOptions) (*Expectation, error) {
	if o.Records == 0 {
		o.Records = defaultRecords(m)
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	o.Mode = target.Full
	b, err := books.New(m.Looker().Dialect())
	if err != nil {
		return nil, err
	}
	r := newRunner(m, o.Options, b)
	r.expects = true
	r.Loader = &target.Loader{Open: m.OpenTarget, Dialect: b.Dialect(), Patience: o.Patience, Waiting: r.waiting}
	if err := r.askAPI(ctx); err != nil {
		return nil, err
	}
	x := &Expectation{runner: r}
	if x.spill, err = os.MkdirTemp(o.TempDir, "landfall-"); err != nil {
		return nil, fmt.Errorf("a place to spill to: %w", err)
	}
	if err := x.open(ctx, o); err != nil {
		return nil, errors.Join(err, x.Close(ctx))
	}
	return x, nil
}

// Close removes what was spilled and closes the connection.
func (x *Expectation) Close(ctx context.Context) error {
	var err error
	for _, e := range x.Entities {
		err = errors.Join(err, e.Close())
	}
	x.Loader.(*target.Loader).Close(context.WithoutCancel(ctx))
	return errors.Join(err, os.RemoveAll(x.spill))
}

// Pick leaves out all but a sample of the records that are read.
func (x *Expectation) Pick(sample func(*record.Ref) bool) {
	for _, e := range x.Entities {
		e.sample = sample
	}
}

// Spill is a folder for what must be remembered of all records.
func (x *Expectation) Spill() string { return x.spill }

// Look runs a reading transaction, again where what it meets is transient.
func (x *Expectation) Look(ctx context.Context, within func(context.Context, sqldb.Tx) error) error {
	return x.Loader.Look(ctx, within)
}

// Tell tells what happens under the given name, one event at a time, whoever
// else tells of waiting meanwhile.
func (x *Expectation) Tell(name, mode string, e Event) {
	if x.run.Name != name { // the first time, before there are lanes
		x.run.Name, x.run.Mode = name, mode
	}
	x.tell(e)
}

// Ledger is the ledger in the target's books.
func (x *Expectation) Ledger() *ledger.Ledger { return x.ledger }

func (x *Expectation) open(ctx context.Context, o ExpectOptions) error {
	x.run = &ledger.Run{Migration: x.m.File.Name, Mode: string(target.Full), Options: ledger.Options{Inputs: o.Inputs, Target: x.m.Target.Name}}
	for _, e := range x.m.Entities {
		if len(o.Entities) > 0 && !slices.Contains(o.Entities, e.Name) {
			continue
		}
		x.tell(Event{Kind: EventLooking, Entity: e.Name, Message: "looking at " + e.OriginName, Total: -1, Percent: -1})
		stored, err := describeEntity(ctx, e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		x.Entities = append(x.Entities, &ExpectedEntity{
			entityRun: &entityRun{runner: x.runner, Entity: e, stored: &stored, spill: x.spill, counts: ledger.Counts{}},
		})
	}
	return x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		runs, err := x.ledger.Runs(ctx, tx, x.run.Migration)
		if err != nil {
			return err
		}
		if len(runs) > 0 {
			x.run.ID = runs[0].ID + 1
		}
		if x.since, err = x.ledger.LastOverAll(ctx, tx, x.run); err != nil {
			return err
		}
		for _, e := range x.Entities {
			if err := e.know(ctx, tx); err != nil {
				return fmt.Errorf("%s: %w", e.Name, err)
			}
		}
		return nil
	})
}

// know looks up what prepare, which writes, makes sure of for a run.
func (e *ExpectedEntity) know(ctx context.Context, tx sqldb.Tx) error {
	e.policy = policyOf(e.o.Mode, e.Entity.Entity)
	e.parents, e.owner, e.later = map[string]*crosswalk.Parents{}, map[string]int64{}, map[string]bool{}
	e.lookups = nil
	for i := range e.Lookups {
		e.lookups = append(e.lookups, e.newLookup(&e.Lookups[i]))
	}
	e.lander = e.tableFor(e.Table, e.Key)
	e.hashed = e.Program.Compared()
	shape, err := json.Marshal(e.hashed)
	if err != nil {
		return err
	}
	if e.store, err = e.storeOf(ctx, tx, e.Name); err != nil {
		return err
	}
	e.stored.ID = e.store.EntityID
	if err := e.knowParents(ctx, tx); err != nil {
		return err
	}
	if e.shapeID, err = e.store.KnownShape(ctx, tx, string(shape)); err != nil {
		return err
	}
	if e.wanted, err = e.choose(ctx, e.Loader); err != nil {
		return err
	}
	e.total = e.countTotal()
	return nil
}

// storeOf is the crosswalk of an entity; a run makes a place for one that the
// books do not know.
func (e *entityRun) storeOf(ctx context.Context, tx sqldb.Tx, name string) (*crosswalk.Store, error) {
	entity := e.m.Entity(name)
	if !e.expects {
		return crosswalk.Open(ctx, tx, e.books, e.run.Migration, name, entity.Table.Name.String())
	}
	store, err := crosswalk.Find(ctx, tx, e.books, e.run.Migration, name, entity.Table.Name.String())
	if err == nil && store.EntityID == 0 && entity.RenamedFrom != "" {
		return crosswalk.Find(ctx, tx, e.books, e.run.Migration, entity.RenamedFrom, entity.Table.Name.String())
	}
	return store, err
}

// Close removes what is kept of the records that were read.
func (e *ExpectedEntity) Close() error {
	err := e.wanted.close()
	if e.keys != nil {
		err = errors.Join(err, e.keys.Close())
		e.keys = nil
	}
	return err
}

// Store is the entity's crosswalk.
func (e *ExpectedEntity) Store() *crosswalk.Store { return e.store }

// Rows are those of the entity's target table.
func (e *ExpectedEntity) Rows() target.Inserts { return e.lander }

// Compared are the columns that hashes cover, in name order.
func (e *ExpectedEntity) Compared() []string { return e.hashed }

// ShapeID is what the books call that list of columns; 0 when they do not know it.
func (e *ExpectedEntity) ShapeID() int64 { return e.shapeID }

// Total is how many records there are, or -1 where the source cannot count.
func (e *ExpectedEntity) Total() int64 { return e.total }

// Facts is what the source is, as text that is equal for equal input.
func (e *ExpectedEntity) Facts() string {
	text, _ := json.Marshal(e.stored.Input) // names and values as texts always marshal
	return string(text)
}

// NotFound are the records that were asked for by name and that the source,
// read to its end, does not hold.
func (e *ExpectedEntity) NotFound() []record.Ref {
	var refs []record.Ref
	if e.wanted != nil {
		for key, found := range e.wanted.only {
			if !found {
				refs = append(refs, record.Ref{Entity: e.Name, Key: key})
			}
		}
	}
	return refs
}

// InSource reports whether the source, read to its end, holds a record of the key.
func (e *ExpectedEntity) InSource(key string) (bool, error) {
	if e.keys == nil {
		return false, nil
	}
	return e.keys.Has([]byte(key))
}

// KeyOf takes a row's key out of the crosswalk's text.
func (e *ExpectedEntity) KeyOf(text string) ([]record.Value, error) { return e.keyValues(text) }

// KeyText is the crosswalk's text of a row's key.
func (e *ExpectedEntity) KeyText(key []record.Value) string { return joinKey(key) }

// NaturalKey is the crosswalk's text of the key that is part of an expected row.
func (e *ExpectedEntity) NaturalKey(row []record.Value) string { return joinKey(e.naturalKey(row)) }

// Columns of an expected row are those of the Entity; Place finds one of them.
func (e *ExpectedEntity) Place(name string) int { return columnPlace(e.Columns, name) }
