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
