package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// leftAtOnce is how many calls that were left are settled together.
const leftAtOnce = 500

// settleLeft finds out what became of calls that an earlier session of the run,
// or an earlier run, has left without an outcome, before anything is sent.
func (e *entityRun) settleLeft(ctx context.Context) error {
	if e.Remote == nil || e.stored.Done {
		return nil
	}
	e.intents, e.left = intent.Of(e.books, e.store.EntityID), false
	if e.shadow != nil {
		return nil
	}
	var unknown int64
	err := e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		all, open, err := e.intents.Count(ctx, tx)
		e.left, unknown = all > 0, open
		return err
	})
	if err != nil || unknown == 0 || e.rehearse {
		return err
	}
	if !e.Remote.Abilities().Settles {
		e.say(EventWarning, fmt.Sprintf("of %d records that were sent earlier it is not known what became of them, and this API cannot be asked: they stay unknown", unknown))
		return nil
	}
	e.say(EventWaiting, fmt.Sprintf("looking what became of %d records that were sent before the run was broken off", unknown))
	for after := ""; ; {
		var page []leftCall
		var last string
		err := e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			page, last, err = e.pageLeft(ctx, tx, after)
			return err
		})
		if err != nil || last == "" {
			return err
		}
		after = last
		if err := e.settlePage(ctx, page); err != nil {
			return err
		}
		if e.stopAsked() {
			return ErrStopped
		}
	}
}

// leftCall is a call that was left, and the order that it carried.
type leftCall struct {
	intent.Intent
	order   target.Order
	outcome target.Outcome
}

// pageLeft reads some of those of which it is not known what became of them. What
// a rollback was to give back is left to whoever rolls back. last is the source
// key up to which it has read, empty behind the last.
func (e *entityRun) pageLeft(ctx context.Context, tx sqldb.Tx, after string) (page []leftCall, last string, err error) {
	all, err := e.intents.Page(ctx, tx, after, leftAtOnce)
	if err != nil || len(all) == 0 {
		return nil, "", err
	}
	last = all[len(all)-1].SourceKey
	for n := range all {
		i := &all[n]
		if i.State != intent.Sent || i.OfRollback() && i.Deed != string(target.DeedDelete) {
			continue
		}
		order, err := e.orderLeft(i)
		if err != nil {
			return nil, "", err
		}
		if order.Incomplete, err = e.leftOut(ctx, tx, i); err != nil {
			return nil, "", err
		}
		page = append(page, leftCall{Intent: *i, order: order})
	}
	return page, last, nil
}

// settlePage settles some of them, and keeps what came of it in the books.
func (e *entityRun) settlePage(ctx context.Context, page []leftCall) error {
	if len(page) == 0 {
		return nil
	}
	if err := e.askLeft(ctx, page, func(*leftCall) bool { return true }); err != nil {
		return err
	}
	late := func(c *leftCall) bool { return c.outcome.State == target.Absent && c.outcome.Late }
	if n := count(page, late); n > 0 {
		e.say(EventWaiting, fmt.Sprintf("%d of these records are not there; looking once more in %s, as their calls may still be on their way", n, lateAfter))
		if err := Idle(ctx, lateAfter, nil, e.o.Stop); err != nil {
			return err
		}
		if err := e.askLeft(ctx, page, late); err != nil {
			return err
		}
	}
	var known []intent.Intent
	var deleted, ended []string
	for n := range page {
		c := &page[n]
		switch c.outcome.State {
		case target.Done:
			c.State = intent.Done
			if len(c.outcome.Key) > 0 {
				c.TargetKey = joinKey(c.outcome.Key)
			}
			e.tellTwins(c.order.Ref, &c.outcome)
		case target.Absent, target.Refused:
			// What refuses it is somebody else's, and says so when it is sent again.
			c.State = intent.Absent
		default:
			continue
		}
		if c.Deed != string(target.DeedDelete) {
			known = append(known, c.Intent)
			continue
		}
		ended = append(ended, c.SourceKey)
		if c.State == intent.Done {
			deleted = append(deleted, c.SourceKey)
		}
	}
	return e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.Lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		if err := e.intents.Put(ctx, a.Tx, known); err != nil {
			return err
		}
		// A rollback that was given up has deleted these: they are as rolled back.
		if err := e.store.Mark(ctx, a.Tx, deleted, crosswalk.StateRolledBack); err != nil {
			return err
		}
		return e.intents.Remove(ctx, a.Tx, ended)
	}, e.Again)
}

// askLeft asks what became of some of them.
func (e *entityRun) askLeft(ctx context.Context, page []leftCall, which func(*leftCall) bool) error {
	var asked []*leftCall
	var orders []target.Order
	for n := range page {
		if c := &page[n]; which(c) {
			asked, orders = append(asked, c), append(orders, c.order)
		}
	}
	outcomes, err := e.Remote.Settle(ctx, orders)
	if err != nil {
		return err
	}
	for n := range outcomes {
		asked[n].outcome = outcomes[n]
	}
	return nil
}

func count[T any](all []T, which func(*T) bool) (n int) {
	for i := range all {
		if which(&all[i]) {
			n++
		}
	}
	return n
}

// leftOut reports whether a call wrote columns that the books do not keep.
func (e *entityRun) leftOut(ctx context.Context, tx sqldb.Tx, i *intent.Intent) (bool, error) {
	if i.Deed == string(target.DeedDelete) {
		return false, nil
	}
	var kept []string
	if i.Written != "" {
		var err error
		if kept, err = ledger.RowColumns(i.Written); err != nil {
			return false, fmt.Errorf("what was sent for %s, in the books: %w", record.Ref{Entity: e.Name, Key: i.SourceKey}, err)
		}
	}
	var wrote []string
	for slot, column := range e.Columns[len(e.Columns)-len(e.Program.Columns):] {
		if !e.Program.Once[slot] || i.Deed == string(target.DeedCreate) {
			wrote = append(wrote, column.Name)
		}
	}
	if i.ShapeID != e.shapeID { // another mapping wrote it
		private := e.Privacy().Target
		if slices.ContainsFunc(e.Table.Columns, func(c sqldb.Column) bool { return c.Hidden || private[c.Name] }) {
			return true, nil
		}
		shape, err := crosswalk.ShapeColumns(ctx, tx, e.books, i.ShapeID)
		if err != nil || json.Unmarshal([]byte(shape), &wrote) != nil {
			return true, err
		}
	}
	return slices.ContainsFunc(wrote, func(name string) bool { return !slices.Contains(kept, name) }), nil
}

// orderLeft is the order that an intent was of, as far as the books keep it.
func (e *entityRun) orderLeft(i *intent.Intent) (target.Order, error) {
	order := target.Order{Deed: target.Deed(i.Deed), Ref: record.Ref{Entity: e.Name, Key: i.SourceKey}, Token: i.Token, Newest: i.Newest, Again: true}
	if i.TargetKey != "" {
		key, err := e.keyValues(i.TargetKey)
		if err != nil {
			return order, err
		}
		order.Key = key
	}
	if i.Written == "" {
		return order, nil
	}
	names, err := ledger.RowColumns(i.Written)
	if err != nil {
		return order, fmt.Errorf("what was sent for %s, in the books: %w", order.Ref, err)
	}
	for _, name := range names {
		column, known := e.Table.Column(name)
		if !known {
			column, known = e.Table.Column(e.RenamedColumn(name))
		}
		if known {
			order.Columns = append(order.Columns, *column)
		}
	}
	if order.Values, err = ledger.DecodeRow(order.Columns, i.Written); err != nil {
		return order, fmt.Errorf("what was sent for %s, in the books: %w", order.Ref, err)
	}
	if i.Before != "" {
		if order.Before, err = ledger.DecodeRow(order.Columns, i.Before); err != nil {
			return order, fmt.Errorf("what %s was, in the books: %w", order.Ref, err)
		}
	}
	return order, nil
}

// endLeft gives the crosswalk, once a run over all records has read them, what
// calls were found to have made of records that the source does not hold any
// more. What is still in doubt stays.
func (e *entityRun) endLeft(ctx context.Context, tx sqldb.Tx) error {
	if !e.left || e.run.Kind() != ledger.KindAll || e.o.Limit > 0 {
		return nil
	}
	for after := ""; ; {
		page, err := e.intents.Page(ctx, tx, after, leftAtOnce)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].SourceKey
		var done, gone []string
		byKey := map[string]*intent.Intent{}
		for n := range page {
			i := &page[n]
			if byKey[i.SourceKey] = i; i.OfRollback() {
				continue
			}
			switch i.State {
			case intent.Done:
				done, gone = append(done, i.SourceKey), append(gone, i.SourceKey)
			case intent.Absent:
				gone = append(gone, i.SourceKey)
			}
		}
		known, err := e.store.Lookup(ctx, tx, done)
		if err != nil {
			return err
		}
		var fresh, changed []crosswalk.Row
		for _, key := range done {
			row, inBooks := known[key]
			entry := e.entryOf(byKey[key])
			if !inBooks {
				fresh = append(fresh, entry)
				continue
			}
			entry.FirstRun = row.FirstRun
			if row.OnTarget() && row.Role != crosswalk.RoleAlias && row.Role != crosswalk.RoleLinked {
				entry.Role, entry.Once = row.Role, row.Once
			}
			entry.Moves = row.TargetKey != entry.TargetKey
			changed = append(changed, entry)
		}
		if err := e.store.Insert(ctx, tx, fresh); err != nil {
			return err
		}
		if err := e.store.Replace(ctx, tx, changed); err != nil {
			return err
		}
		if err := e.intents.Remove(ctx, tx, gone); err != nil {
			return err
		}
	}
}
