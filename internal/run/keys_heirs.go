package run

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// heirs are an entity's keys that begin with the key of the row that a field
// refers to.
type heirs struct {
	*crosswalk.Heirs
	ref    mapping.RefField
	parent string // entity
}

// openHeirs prepares making such keys, in the transaction in which the entity
// is prepared.
func (e *entityRun) openHeirs(ctx context.Context, tx sqldb.Tx) error {
	if e.To.Inherited == nil {
		return nil
	}
	e.heirs = e.heirsIn(e.store)
	var err error
	if e.heirs.Asks, err = e.store.Owned(ctx, tx); err != nil {
		return err
	}
	if e.heirs.Asks {
		if _, err := e.store.EnsureReverse(ctx, tx); err != nil {
			return err
		}
	}
	return e.heirs.Recall(ctx, tx)
}

func (e *entityRun) heirsIn(store *crosswalk.Store) *heirs {
	at := slices.IndexFunc(e.Program.Refs, func(ref mapping.RefField) bool { return ref.Field.Target == e.To.Inherited.From })
	h := &heirs{Heirs: crosswalk.NewHeirs(store, e.To.Inherited.Digits), ref: e.Program.Refs[at]}
	h.parent = h.ref.Entities[0]
	h.Seats = append(h.Seats, crosswalk.Seat{Table: e.Table.Name, Form: crosswalk.Form{Column: e.Key[0]}})
	if e.Registry != nil {
		h.Seats = append(h.Seats, crosswalk.Seat{Table: e.Registry.Table.Name, Form: crosswalk.Form{Column: e.Registry.Columns[0]}})
	}
	return h
}

// parentKeys finds the target keys of the parents of the batch's records at the
// places; those that are not on the target have none. Parents landed before the
// entity started, so the answer is always the same.
func (e *entityRun) parentKeys(ctx context.Context, tx sqldb.Tx, batch *shaped, places []int) ([]string, error) {
	meant := make([]string, len(places))
	for n, i := range places {
		if value := batch.values[i][e.heirs.ref.Slot]; !value.IsNull() {
			meant[n] = e.heirs.ref.Parent(value.Raw()).Key
		}
	}
	parents := e.parents[e.heirs.parent]
	if e.heirs.ref.Field.By != nil {
		answers, err := parents.Find(ctx, tx, e.heirs.ref.Field.AliasName(), texts(meant))
		if err != nil {
			return nil, err
		}
		for n, text := range meant {
			if meant[n] = ""; text != "" && answers[text].Count == 1 {
				meant[n] = answers[text].SourceKey
			}
		}
	}
	keys, err := parents.Resolve(ctx, tx, texts(meant))
	if err != nil {
		return nil, fmt.Errorf("finding the %s of records: %w", e.heirs.parent, err)
	}
	for n, source := range meant {
		if meant[n] = keys[source]; meant[n] != "" {
			meant[n] = record.SplitKey(meant[n])[0]
		}
	}
	return meant, nil
}

// texts are those that can be asked for, each once.
func texts(all []string) []string {
	asked := make([]string, 0, len(all))
	for _, text := range all {
		if text != "" && storableText(text) {
			asked = append(asked, text)
		}
	}
	slices.Sort(asked)
	return slices.Compact(asked)
}

// reserveHeirs gives the batch's new records the next keys of their parents.
func (e *entityRun) reserveHeirs(ctx context.Context, tx sqldb.Tx, batch *shaped, places []int, block *crosswalk.Block) error {
	parents, err := e.parentKeys(ctx, tx, batch, places)
	if err != nil {
		return err
	}
	block.Places, block.Keys = nil, []string{}
	asked := make([]string, 0, len(places))
	for n, i := range places {
		if parents[n] != "" { // else the record is rejected when it lands
			block.Places, asked = append(block.Places, i), append(asked, parents[n])
		}
	}
	if len(asked) == 0 {
		return nil
	}
	if block.Keys, err = e.heirs.Reserve(ctx, tx, e.runner.run.ID, asked); err != nil {
		return err
	}
	return e.store.ReserveBlock(ctx, tx, "", block)
}

// lateHeirs gives new rows keys out of what the run has to spare for their
// parents.
func (l *landing) lateHeirs(ctx context.Context, places []int) error {
	from := columnPlace(l.Columns, l.To.Inherited.From)
	parents := make([]string, len(places))
	for n, i := range places {
		parents[n] = l.units[i].row[from].String()
	}
	take := l.heirs.TakeSpare
	if l.shadow != nil {
		take = l.heirs.Reserve // nobody else takes keys of what is only foreseen
	}
	keys, err := take(ctx, l.tx, l.runner.run.ID, parents)
	if err != nil {
		return fmt.Errorf("keys in place of others: %w", err)
	}
	for n, i := range places {
		l.inherit(i, keys[n])
	}
	return nil
}

// inherit gives a new row its key, or says why it cannot have one.
func (l *landing) inherit(i int, key string) {
	u := &l.units[i]
	if key == "" {
		parent := u.row[columnPlace(l.Columns, l.To.Inherited.From)]
		digits := fmt.Sprintf("%d digits end", l.heirs.Digits)
		if l.heirs.Digits == 1 {
			digits = "1 digit ends"
		}
		u.rejection = l.keyless(i, record.CodeKeysExhausted, fmt.Errorf("no key is left under the %s with key %s: %s at %d", l.heirs.parent, parent.String(), digits, l.heirs.Most()))
		return
	}
	value, misfit := l.Key[0].Type.Fit(record.Text(key))
	if misfit != nil {
		u.rejection = l.keyless(i, misfit.Code, fmt.Errorf("the key of its %s and %d digits are no key here: %w", l.heirs.parent, l.heirs.Digits, misfit))
		return
	}
	u.row[0] = value
	u.setKey(u.row[:1])
}

// keyless rejects a record for which no key can be made.
func (l *landing) keyless(i int, code record.Code, err error) *record.Rejection {
	return &record.Rejection{Ref: l.batch.Items[i].Ref, Step: record.StepDecide, Field: l.Key[0].Name, Code: code, Err: err}
}
