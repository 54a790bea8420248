package run

import (
	"context"
	"fmt"

	"landfall/internal/crosswalk"
	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/target"
)

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
		ofRollback := left.OfRollback() && left.Deed != string(target.DeedDelete)
		if !known || ofRollback || notFirst(l.batch.Items[i].Rejection) {
			return nil
		}
		u.left = &left
		if left.State == intent.Sent && l.o.SendAgain {
			left.State = intent.Absent
		}
		if left.State == intent.Sent && left.Deed == string(target.DeedUpdate) {
			u.entry.HasHash = false // the row has to be looked at: it may hold either
		}
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
		case u.left.State == intent.Sent:
			var rejection *record.Rejection
			rejection, err = l.decideSent(l.batch.Items[i].Ref, u)
			return rejection
		case u.left.State != intent.Done || u.action != target.Leave && u.action != target.Skip:
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

// decideSent says of a record whose call is still in doubt what is done next: the
// same once more, which asks first what became of it, or nothing.
func (l *landing) decideSent(ref record.Ref, u *unit) (*record.Rejection, error) {
	switch deed := target.Deed(u.left.Deed); {
	case !l.Remote.Abilities().Settles:
		return l.unknown(ref, &target.Outcome{Unaskable: true}), nil
	case deed == target.DeedDelete:
		return l.unknown(ref, &target.Outcome{Message: "a rollback was to delete the record"}), nil
	case deed == target.DeedCreate && u.left.Hash != u.hash:
		return l.unknown(ref, &target.Outcome{Unaskable: true, Message: "the source brings something else for it now, and what the books keep of what was sent is not enough to tell"}), nil
	case deed == target.DeedCreate:
		u.situation.RowGone = u.situation.Known // else it would not have been created
		u.action = target.Create
		return nil, nil
	}
	if u.action != target.Remember && u.action != target.Leave || u.left.Hash != u.hash {
		return nil, nil
	}
	// The row is as it must be in all that can be seen: the call may have made it so.
	u.action = target.Update
	if u.left.Before != "" {
		before, err := ledger.DecodeRow(l.Columns, u.left.Before)
		if err != nil {
			return nil, err
		}
		u.before = before
	}
	return nil, nil
}

// inDoubt reports whether it is not known whether a call has created the record.
func (u *unit) inDoubt() bool {
	return u.left != nil && u.left.State == intent.Sent && u.left.Deed == string(target.DeedCreate)
}

// doneLeft reports whether a call that was left was found to be carried out.
func (u *unit) doneLeft() bool { return u.left != nil && u.left.State == intent.Done }

// rememberLeft writes the crosswalk of records whose calls were found to be
// carried out and whose end does not write it: what was found out must outlive
// the intent that told it.
func (l *landing) rememberLeft(ctx context.Context, which func(*unit) bool) error {
	entries := map[string]crosswalk.Row{}
	var keys []string
	for i := range l.units {
		if u := &l.units[i]; u.doneLeft() && which(u) {
			row := u.entry
			row.LastRun = l.run.ID
			entries[row.SourceKey] = row
			keys = append(keys, row.SourceKey)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	inBooks, err := l.store.Lookup(ctx, l.tx, keys)
	if err != nil {
		return err
	}
	var fresh, known []crosswalk.Row
	for _, key := range keys {
		row := entries[key]
		if was, there := inBooks[key]; there {
			row.FirstRun = was.FirstRun
			known = append(known, row)
			continue
		}
		fresh = append(fresh, row)
	}
	return l.writeEntries(ctx, fresh, known)
}

func (l *landing) writeEntries(ctx context.Context, fresh, known []crosswalk.Row) error {
	if err := l.store.Insert(ctx, l.tx, fresh); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := l.store.Replace(ctx, l.tx, known); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	return nil
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
