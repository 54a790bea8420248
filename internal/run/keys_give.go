package run

import (
	"context"
	"fmt"
	"slices"

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
		found, err = f.store.FindBlock(ctx, tx, block)
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
	batch.keep(block)
	return nil
}

func (e *entityRun) blockOf(batch *shaped) *crosswalk.Block {
	return &crosswalk.Block{RunID: e.runner.run.ID, EntityID: e.stored.ID, Slice: batch.Slice, Ordinal: batch.Ordinal}
}

// reserve gives the batch's new records the next free keys and writes them down.
func (e *entityRun) reserve(ctx context.Context, tx sqldb.Tx, batch *shaped, block *crosswalk.Block) error {
	places, err := e.needing(ctx, tx, batch)
	if err != nil || len(places) == 0 {
		return err
	}
	if e.heirs != nil {
		return e.reserveHeirs(ctx, tx, batch, places, block)
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
	return e.store.ReserveBlock(ctx, tx, e.space.Name, block)
}

// keep notes beside each record which of the block's keys it gets.
func (s *shaped) keep(block *crosswalk.Block) {
	s.block, s.keyAt = block, make([]int, len(s.Items))
	for i, place := range block.Places {
		s.keyAt[place] = i + 1
	}
}

// numberMade gives new rows the keys that were reserved for them. A row that is
// written again in place of one that is gone had no need of a key when its batch
// was read, and gets one now.
func (l *landing) numberMade(ctx context.Context, creates []int) error {
	if l.shadow != nil && l.space != nil {
		return l.guessKeys(ctx, creates)
	}
	if (l.rehearse || l.shadow != nil) && l.batch.block == nil {
		// The rehearsal has one transaction, and this is it: what is reserved in it
		// goes back with all else.
		block := l.blockOf(l.batch)
		if err := l.reserve(ctx, l.tx, l.batch, block); err != nil {
			return fmt.Errorf("reserving keys: %w", err)
		}
		l.batch.keep(block)
	}
	var late []int
	for _, i := range creates {
		switch at := l.batch.keyAt; {
		case at == nil || at[i] == 0:
			late = append(late, i)
		case l.heirs != nil:
			l.inherit(i, l.batch.block.Keys[at[i]-1])
		default:
			l.giveNumber(i, l.batch.block.Numbers[at[i]-1])
		}
	}
	return l.giveLate(ctx, late, 0)
}

func (l *landing) giveNumber(i int, number int64) {
	u := &l.units[i]
	u.row[0] = l.Form.Value(number)
	u.setKey(u.row[:1])
}

// giveLate gives new rows keys out of what the run has to spare, and leaves so
// many that come next to others.
func (l *landing) giveLate(ctx context.Context, places []int, ahead int64) error {
	if len(places) == 0 {
		return nil
	}
	if l.heirs != nil {
		return l.lateHeirs(ctx, places)
	}
	numbers, err := l.space.TakeSpare(ctx, l.tx, len(places), ahead)
	if err != nil {
		return fmt.Errorf("keys in place of others: %w", err)
	}
	for n, i := range places {
		if n < len(numbers) {
			l.giveNumber(i, numbers[n])
			continue
		}
		l.units[i].rejection = l.keyless(i, record.CodeKeysExhausted, fmt.Errorf("no key is left: row numbers end at %d", l.space.Highest()-l.space.Base))
	}
	return nil
}

// settleKeys keeps of the batch's reserved keys those that rows have in the end:
// they are used for ever, whatever becomes of the rows.
func (l *landing) settleKeys(ctx context.Context) error {
	if !l.makesKeys() || l.shadow != nil {
		return nil
	}
	used := l.blockOf(l.batch)
	if l.heirs != nil {
		used.Keys = []string{}
	}
	for i := range l.units {
		u := &l.units[i]
		if u.rejection != nil || u.action != target.Create {
			continue
		}
		used.Places = append(used.Places, i)
		if l.heirs != nil {
			used.Keys = append(used.Keys, u.key[0].String())
			continue
		}
		n, ok := l.Form.Number(u.keyText)
		if !ok {
			return fmt.Errorf("record %d of %s has a key that was not made of a number", l.batch.Items[i].Number, l.Name)
		}
		used.Numbers = append(used.Numbers, n)
	}
	reserved := l.batch.block
	switch {
	case reserved != nil && slices.Equal(used.Places, reserved.Places) && slices.Equal(used.Numbers, reserved.Numbers) && slices.Equal(used.Keys, reserved.Keys):
		return nil
	case reserved != nil && len(reserved.Places) > 0:
		used.Next = reserved.Next
		return l.store.SettleBlock(ctx, l.tx, used)
	case len(used.Places) == 0:
		return nil
	case l.space != nil:
		return l.store.ReserveBlock(ctx, l.tx, l.space.Name, used)
	}
	return l.store.ReserveBlock(ctx, l.tx, "", used)
}
