package run

import (
	"context"
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
		var page []intent.Intent
		err := e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			page, err = e.intents.Page(ctx, tx, after, leftAtOnce)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].SourceKey
		page = slices.DeleteFunc(page, func(i intent.Intent) bool { return i.State != intent.Sent })
		if err := e.settlePage(ctx, page); err != nil {
			return err
		}
		if e.stopAsked() {
			return ErrStopped
		}
	}
}

// settlePage settles some of them, and keeps what came of it in the books.
func (e *entityRun) settlePage(ctx context.Context, page []intent.Intent) error {
	if len(page) == 0 {
		return nil
	}
	orders := make([]target.Order, len(page))
	for n := range page {
		var err error
		if orders[n], err = e.orderLeft(&page[n]); err != nil {
			return err
		}
	}
	outcomes, err := e.Remote.Settle(ctx, orders)
	if err != nil {
		return err
	}
	var known []intent.Intent
	for n := range outcomes {
		switch outcomes[n].State {
		case target.Done:
			page[n].State = intent.Done
			if len(outcomes[n].Key) > 0 {
				page[n].TargetKey = joinKey(outcomes[n].Key)
			}
		case target.Absent, target.Refused:
			// What refuses it is somebody else's, and says so when it is sent again.
			page[n].State = intent.Absent
		default:
			continue
		}
		known = append(known, page[n])
	}
	return e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.Lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		return e.intents.Put(ctx, a.Tx, known)
	}, e.Again)
}

// orderLeft is the order that an intent was of, as far as the books keep it.
func (e *entityRun) orderLeft(i *intent.Intent) (target.Order, error) {
	order := target.Order{Deed: target.Deed(i.Deed), Ref: record.Ref{Entity: e.Name, Key: i.SourceKey}, Token: i.Token, Again: true}
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
	return order, nil
}

// recogniseLeft finds the records whose calls were left. One that was found to be
// carried out counts as landed with what was sent then.
func (l *landing) recogniseLeft(ctx context.Context) error {
	if !l.left {
		return nil
	}
	var keys []string
	l.each(func(i int, _ *unit) *record.Rejection {
		keys = append(keys, l.batch.Items[i].Ref.Key)
		return nil
	})
	found, err := l.intents.Find(ctx, l.tx, keys)
	if err != nil {
		return fmt.Errorf("looking for calls that were left: %w", err)
	}
	l.each(func(i int, u *unit) *record.Rejection {
		left, known := found[l.batch.Items[i].Ref.Key]
		if !known || notFirst(l.batch.Items[i].Rejection) {
			return nil
		}
		u.left = &left
		if left.State != intent.Done {
			return nil
		}
		if !u.situation.Known {
			u.entry = l.entryOf(&left)
		}
		u.entry.Hash, u.entry.HasHash, u.entry.ShapeID = left.Hash, left.HasHash, left.ShapeID
		if left.TargetKey != "" {
			u.entry.TargetKey = left.TargetKey
		}
		u.situation.Known, u.situation.Linked = true, false
		return nil
	})
	return nil
}

// entryOf is what the crosswalk says of a record whose call was found to be
// carried out.
func (e *entityRun) entryOf(i *intent.Intent) crosswalk.Row {
	role := crosswalk.RoleCreated
	if i.Deed == string(target.DeedUpdate) {
		role = crosswalk.RoleAdopted
	}
	return crosswalk.Row{
		SourceKey: i.SourceKey, TargetKey: i.TargetKey, Role: role, State: crosswalk.StateLive,
		Hash: i.Hash, HasHash: i.HasHash, ShapeID: i.ShapeID, FirstRun: e.run.ID, LastRun: e.run.ID, RecordNo: i.Number,
	}
}

// decideLeft says of records whose calls were found to be carried out that they
// are what those calls made of them, and of those whose calls are still in doubt
// that nothing more is done.
func (l *landing) decideLeft() (err error) {
	if !l.left {
		return nil
	}
	l.each(func(i int, u *unit) *record.Rejection {
		switch {
		case u.left == nil || err != nil:
			return nil
		case u.left.State == intent.Sent && (!l.Remote.Abilities().Settles || u.left.Hash != u.hash):
			return l.unknown(l.batch.Items[i].Ref, &target.Outcome{})
		case u.left.State != intent.Done || u.action != target.Leave:
			return nil
		}
		u.carried, u.verified = true, true
		u.action = target.Update
		switch {
		case u.left.Deed == string(target.DeedCreate):
			u.action = target.Create
		case !u.inBooks:
			u.action = target.Adopt
		}
		if u.left.Before != "" {
			u.before, err = ledger.DecodeRow(l.Columns, u.left.Before)
		}
		if u.action == target.Create {
			copy(u.row[:len(l.Columns)-len(l.Program.Columns)], u.key)
		}
		return nil
	})
	return err
}

// numberLeft gives records that are sent again the keys that were made for them
// before.
func (l *landing) numberLeft() error {
	var err error
	l.each(func(_ int, u *unit) *record.Rejection {
		made := len(l.Columns) - len(l.Program.Columns)
		if u.left == nil || u.action != target.Create || u.left.TargetKey == "" || u.left.Deed != string(target.DeedCreate) || made == 0 || err != nil {
			return nil
		}
		var key []record.Value
		if key, err = l.keyValues(u.left.TargetKey); err == nil {
			copy(u.row[:made], key)
			u.setKey(key)
		}
		return nil
	})
	return err
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
			byKey[i.SourceKey] = i
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

// rememberPartial writes the crosswalk of records that were changed in part: what
// is really there now.
func (l *landing) rememberPartial(ctx context.Context) error {
	var fresh, known []crosswalk.Row
	for i := range l.units {
		u := &l.units[i]
		if len(u.unwritten) == 0 || u.before == nil {
			continue
		}
		row := slices.Clone(u.row)
		for n := range l.Columns {
			if slices.Contains(u.unwritten, l.Columns[n].Name) {
				row[n] = u.before[n]
			}
		}
		entry := crosswalk.Row{
			SourceKey: l.batch.Items[i].Ref.Key, TargetKey: u.keyText, Role: crosswalk.RoleAdopted, State: crosswalk.StateLive,
			Hash: l.hasher.Sum(row), HasHash: true, ShapeID: l.shapeID,
			FirstRun: l.run.ID, LastRun: l.run.ID, RecordNo: l.batch.Items[i].Number,
		}
		if u.situation.Known {
			entry.Role, entry.Once = u.entry.Role, u.entry.Once
		}
		if u.inBooks {
			entry.FirstRun = u.entry.FirstRun
			entry.Moves = u.entry.TargetKey != entry.TargetKey
			known = append(known, entry)
			continue
		}
		fresh = append(fresh, entry)
	}
	if err := l.store.Insert(ctx, l.tx, fresh); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := l.store.Replace(ctx, l.tx, known); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	return nil
}
