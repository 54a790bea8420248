package run

import (
	"context"
	"fmt"

	"landfall/internal/crosswalk"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// giveKeys reserves the keys of a batch's new records, in the order of the
// source and in a transaction of its own, before anybody begins to land the
// batch: whoever lands it, and however often, uses the same ones. A batch that
// has its keys from an earlier session keeps them.
func (f *feed) giveKeys(ctx context.Context, batch *shaped) error {
	f.gate.Lock()
	defer f.gate.Unlock()
	block := f.blockOf(batch)
	found := false
	find := func(ctx context.Context, tx sqldb.Tx) (err error) {
		found, err = f.space.Find(ctx, tx, block)
		return err
	}
	if f.resumed {
		if err := f.own.Look(ctx, find); err != nil {
			return fmt.Errorf("looking for reserved keys: %w", err)
		}
	}
	if !found {
		err := f.own.Land(ctx, func(ctx context.Context, a target.Attempt) error {
			if err := f.Check(ctx, a.Tx); err != nil {
				return err
			}
			return f.reserve(ctx, a.Tx, batch, block)
		}, func(ctx context.Context, tx sqldb.Tx) (bool, error) {
			if _, err := f.Lease.Settle(ctx, tx); err != nil {
				return false, err
			}
			err := find(ctx, tx)
			return found, err
		})
		if err != nil {
			return fmt.Errorf("reserving keys: %w", err)
		}
	}
	batch.keep(block, f.Form)
	return nil
}

func (e *entityRun) blockOf(batch *shaped) *crosswalk.Block {
	return &crosswalk.Block{RunID: e.runner.run.ID, EntityID: e.stored.ID, Slice: batch.Slice, Ordinal: batch.Ordinal}
}

// reserve gives the batch's new records the next free numbers and writes them
// down.
func (e *entityRun) reserve(ctx context.Context, tx sqldb.Tx, batch *shaped, block *crosswalk.Block) error {
	places, err := e.needing(ctx, tx, batch)
	if err != nil || len(places) == 0 {
		return err
	}
	first, err := e.space.First(ctx, tx, e.runner.run.ID, e.stored.ID)
	if err != nil {
		return err
	}
	numbers, next, err := e.space.Take(ctx, tx, e.runner.run.ID, first, len(places))
	if err != nil {
		return err
	}
	block.Places, block.Numbers, block.Next = places[:len(numbers)], numbers, next
	return e.space.Reserve(ctx, tx, e.store.TableID, block)
}

// keep notes the keys beside the records that get them.
func (s *shaped) keep(block *crosswalk.Block, form crosswalk.Form) {
	s.block, s.keys = block, make([]record.Value, len(s.Items))
	for i, place := range block.Places {
		s.keys[place] = form.Value(block.Numbers[i])
	}
}

// numberMade gives new rows the keys that were reserved for them. A row that is
// written again in place of one that is gone had no need of a key when its batch
// was read, and gets one now.
func (l *landing) numberMade(ctx context.Context, creates []int) error {
	if l.rehearse && l.batch.keys == nil {
		// The rehearsal has one transaction, and this is it: what is reserved in it
		// goes back with all else.
		block := l.blockOf(l.batch)
		if err := l.reserve(ctx, l.tx, l.batch, block); err != nil {
			return fmt.Errorf("reserving keys: %w", err)
		}
		l.batch.keep(block, l.Form)
	}
	var late []int
	for _, i := range creates {
		if u := &l.units[i]; l.batch.keys != nil && !l.batch.keys[i].IsNull() {
			u.row[0] = l.batch.keys[i]
			u.setKey(u.row[:1])
			continue
		}
		late = append(late, i)
	}
	return l.giveLate(ctx, late)
}

// giveLate gives new rows keys out of what the run has to spare.
func (l *landing) giveLate(ctx context.Context, places []int) error {
	if len(places) == 0 {
		return nil
	}
	numbers, err := l.space.TakeSpare(ctx, l.tx, len(places))
	if err != nil {
		return fmt.Errorf("keys in place of others: %w", err)
	}
	for n, i := range places {
		u := &l.units[i]
		if n >= len(numbers) {
			u.rejection = &record.Rejection{
				Ref: l.batch.Items[i].Ref, Step: record.StepDecide, Field: l.Key[0].Name, Code: record.CodeKeysExhausted,
				Err: fmt.Errorf("no key is left: row numbers end at %d", l.space.Highest()-l.space.Base),
			}
			continue
		}
		u.row[0] = l.Form.Value(numbers[n])
		u.setKey(u.row[:1])
	}
	return nil
}

// settleKeys keeps of the batch's reserved keys those that rows have in the end:
// they are used for ever, whatever becomes of the rows.
func (l *landing) settleKeys(ctx context.Context) error {
	if !l.makesKeys() {
		return nil
	}
	used := l.blockOf(l.batch)
	for i := range l.units {
		if u := &l.units[i]; u.rejection == nil && u.action == target.Create {
			n, ok := l.Form.Number(u.keyText)
			if !ok {
				return fmt.Errorf("record %d of %s has a key that was not made of a number", l.batch.Items[i].Number, l.Name)
			}
			used.Places, used.Numbers = append(used.Places, i), append(used.Numbers, n)
		}
	}
	reserved := l.batch.block
	if reserved == nil || len(reserved.Places) == 0 {
		if len(used.Places) == 0 {
			return nil
		}
		return l.space.Reserve(ctx, l.tx, l.store.TableID, used)
	}
	same := len(used.Places) == len(reserved.Places)
	for i := 0; same && i < len(used.Places); i++ {
		same = used.Places[i] == reserved.Places[i] && used.Numbers[i] == reserved.Numbers[i]
	}
	if same {
		return nil
	}
	used.Next = reserved.Next
	return l.space.Settle(ctx, l.tx, used)
}
