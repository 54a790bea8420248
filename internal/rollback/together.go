package rollback

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"landfall/internal/connector/table"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// set is the rows of one table that are undone together with those of others.
type set struct {
	*table.Doomed
	members []*entityUndo // whose rows are in the table
	place   int64         // of the last row
}

// together is one attempt to undo all that waits in a group.
type together struct {
	*group
	tx      sqldb.Tx
	sets    []*set // in the order of deleting
	found   map[*entityUndo][]record.Ref
	aside   []*aside
	refused map[record.Ref]*record.Rejection // those that cannot even then
}

// together undoes what is left: rows that only refer to each other, whatever
// batches they came with, go in one transaction, table by table in one statement
// each. Those that a row refers to which stays, stay as well.
func (g *group) together(ctx context.Context) error {
	if err := g.members[0].await(ctx, 0); err != nil {
		return err
	}
	var last *together
	err := g.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		last = &together{group: g, tx: a.Tx, refused: map[record.Ref]*record.Rejection{}}
		return last.within(ctx)
	}, g.Again)
	if err != nil {
		return err
	}
	g.point(PointTogetherDone)
	for e, found := range last.found {
		e.settled(nil, found)
	}
	return g.recount(ctx)
}

func (t *together) within(ctx context.Context) error {
	defer t.drop()
	if err := t.Check(ctx, t.tx); err != nil {
		return err
	}
	if err := sqldb.PreferIndexes(ctx, t.tx, t.books.Dialect(), true); err != nil {
		return err
	}
	// Who is refused what it held keeps its references, and by them other rows: all
	// is found out anew without it.
	for again := true; again; {
		if _, err := t.tx.Exec(ctx, "SAVEPOINT landfall_together"); err != nil {
			return err
		}
		t.drop()
		t.sets, t.found = nil, map[*entityUndo][]record.Ref{}
		before := len(t.refused)
		for _, step := range []func(context.Context) error{t.gather, t.loosen, t.spare, t.remove, t.restore} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		if again = len(t.refused) > before; again {
			if _, err := t.tx.Exec(ctx, "ROLLBACK TO SAVEPOINT landfall_together"); err != nil {
				return err
			}
		}
		if _, err := t.tx.Exec(ctx, "RELEASE SAVEPOINT landfall_together"); err != nil {
			return err
		}
	}
	if err := t.Lease.Keep(ctx, t.tx, t.run.Name); err != nil {
		return err
	}
	t.point(PointTogether)
	return nil
}

func (t *together) setOf(table sqldb.Name) *set {
	at := slices.IndexFunc(t.sets, func(s *set) bool { return s.members[0].Table.Name == table })
	if at < 0 {
		return nil
	}
	return t.sets[at]
}

func (t *together) batch(e *entityUndo) *batch {
	return &batch{entityUndo: e, group: t.group, tx: t.tx, at: ledger.Place{RunID: e.run.ID, EntityID: e.stored.ID, Slice: e.waitingSlice()}, again: true}
}

// tell brings the records of a batch to their end.
func (t *together) tell(ctx context.Context, b *batch) error {
	if err := b.remember(ctx); err != nil {
		return err
	}
	_, err := b.tellAll(ctx)
	t.found[b.entityUndo] = append(t.found[b.entityUndo], b.found...)
	return err
}

// gather puts all waiting rows into sets, but for those that stay for a reason
// of their own.
func (t *together) gather(ctx context.Context) error {
	for n, e := range t.members {
		s := t.setOf(e.Table.Name)
		if s == nil {
			doomed, err := e.lander.Doom(ctx, t.tx, "set"+strconv.Itoa(n))
			if err != nil {
				return err
			}
			s = &set{Doomed: doomed}
			t.sets = append(t.sets, s)
		}
		s.members = append(s.members, e)
		for after := ""; ; {
			b := t.batch(e)
			var err error
			if b.items, err = b.waiters(ctx, after); err != nil {
				return err
			}
			if len(b.asked) == 0 {
				break
			}
			after = b.asked[len(b.asked)-1]
			if err := b.judge(ctx); err != nil {
				return err
			}
			if err := b.moved(ctx); err != nil {
				return err
			}
			var places []int64
			var keys [][]record.Value
			var changes []*item
			for _, i := range b.items {
				if why := t.refused[b.ref(i.line.Key)]; why != nil && i.open() {
					i.end, i.why = record.Failed, why
				}
				switch {
				case !i.open() || i.gone || i.deed == noted:
					continue
				case i.deed == changed:
					b.image(i)
					changes = append(changes, i)
				default:
					s.place++
					places, keys = append(places, s.place), append(keys, i.key)
				}
				i.waits = true // it is told with the others
			}
			if err := s.Add(ctx, t.tx, places, keys); err != nil {
				return err
			}
			if err := t.tell(ctx, b); err != nil {
				return err
			}
			if err := t.putAside(e, changes); err != nil {
				return err
			}
		}
	}
	return nil
}

// spare takes those out of the sets that rows refer to which are in none.
func (t *together) spare(ctx context.Context) error {
	for again := true; again; {
		again = false
		for _, s := range t.sets {
			for _, by := range s.members[0].refs {
				var among *table.Doomed
				var members []*entityUndo
				if other := t.setOf(by.From); other != nil {
					among, members = other.Doomed, other.members
				}
				found, err := s.Referrers(ctx, t.tx, named(by, members), among, 1, s.members[0].size())
				if err != nil {
					return fmt.Errorf("looking for rows of %s that refer to rows that go: %w", by.From, err)
				}
				if len(found) == 0 {
					continue
				}
				again = true
				if err := t.sparedBy(ctx, s, by, found); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sparedBy keeps rows that others refer to.
func (t *together) sparedBy(ctx context.Context, s *set, by sqldb.Reference, found []table.Referrer) error {
	places := make([]int64, len(found))
	for n := range found {
		places[n] = found[n].Place
	}
	keys, err := s.Keys(ctx, t.tx, places)
	if err != nil {
		return err
	}
	referrers := make(map[string]table.Referrer, len(found))
	texts := make([]string, len(found))
	for n := range found {
		texts[n] = keyText(keys[n])
		referrers[texts[n]] = found[n]
	}
	if err := s.Spare(ctx, t.tx, places); err != nil {
		return err
	}
	return t.each(ctx, s, texts, func(i *item) { i.refer(by, referrers[i.entry.TargetKey]) })
}

// each tells the records that own rows, after an end was given to each.
func (t *together) each(ctx context.Context, s *set, texts []string, end func(*item)) error {
	for _, e := range s.members {
		owners, err := e.store.Owning(ctx, t.tx, texts)
		if err != nil {
			return err
		}
		b := t.batch(e)
		b.owned(owners)
		if err := b.recall(ctx); err != nil {
			return err
		}
		for _, i := range b.items {
			end(i)
		}
		if err := t.tell(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes what is left in the sets, and tells of it.
func (t *together) remove(ctx context.Context) error {
	detached := t.detached()
	trigger := t.goesOff(detached)
	var refused *sqldb.Fault
	if trigger == nil {
		var err error
		if refused, err = t.sets[0].Attempt(ctx, t.tx, func() error { return t.removeAll(ctx, detached) }); err != nil {
			return fmt.Errorf("deleting rows that refer to each other: %w", err)
		}
	}
	end := func(i *item) {
		switch {
		case trigger != nil:
			i.keep(record.Blocked, record.CodeTrigger, "", "it can only go together with rows that refer to it, and emptying their references would set off the trigger %s; if what it does is wanted, roll back with --through-triggers", trigger.Name)
		case refused != nil:
			i.keep(record.Failed, refused.Code, "", "the target refuses to delete it together with the rows that refer to it: %s", refused.Message)
		}
	}
	for _, s := range t.sets {
		for above := int64(0); ; {
			places, keys, err := s.Chunk(ctx, t.tx, above, s.members[0].size())
			if err != nil {
				return err
			}
			if len(places) == 0 {
				break
			}
			above = places[len(places)-1]
			texts := make([]string, len(keys))
			for n := range keys {
				texts[n] = keyText(keys[n])
			}
			if err := t.each(ctx, s, texts, end); err != nil {
				return err
			}
		}
	}
	return nil
}

// detachment is references that are emptied before rows go.
type detachment struct {
	*set
	columns []string
}

// detached finds the references to rows that are deleted before those that refer
// to them. They were empty when their rows were landed, too, so they can be; the
// database has the last word where they cannot.
func (t *together) detached() []detachment {
	var found []detachment
	for n, s := range t.sets {
		for _, by := range s.members[0].refs {
			other := t.setOf(by.From)
			if at := slices.Index(t.sets, other); other == nil || at <= n || by.Undeclared {
				continue // nothing holds up what the target does not know of
			}
			var columns []string
			for _, name := range by.Columns {
				if column, ok := other.members[0].Table.Column(name); ok && column.Nullable {
					columns = append(columns, name)
				}
			}
			if len(columns) > 0 {
				found = append(found, detachment{other, columns})
			}
		}
	}
	return found
}

// goesOff is a trigger that emptying references would set off; nil where there
// is none, or it may.
func (t *together) goesOff(detached []detachment) *sqldb.Trigger {
	if t.run.Options.ThroughTriggers {
		return nil
	}
	for _, d := range detached {
		for _, trigger := range d.members[0].Table.Triggers {
			if trigger.OnUpdate && (len(trigger.Of) == 0 || slices.ContainsFunc(trigger.Of, func(name string) bool { return slices.Contains(d.columns, name) })) {
				return &trigger
			}
		}
	}
	return nil
}

// removeAll deletes the sets table by table.
func (t *together) removeAll(ctx context.Context, detached []detachment) error {
	for _, d := range detached {
		if err := d.Detach(ctx, t.tx, d.columns); err != nil {
			return err
		}
	}
	for _, s := range t.sets {
		many, err := s.Count(ctx, t.tx)
		if err != nil {
			return err
		}
		if many == 0 {
			continue
		}
		if err := s.RemoveAll(ctx, t.tx, many); err != nil {
			return err
		}
	}
	return nil
}
