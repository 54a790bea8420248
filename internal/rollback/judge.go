package rollback

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// know finds the shapes that rows were written with, and their keys.
func (b *batch) know(ctx context.Context) error {
	for _, i := range b.items {
		if i.deed == noted || !i.open() || i.gone {
			continue
		}
		var err error
		if i.shape, err = b.shape(ctx, b.tx, shapeID{i.entry.ShapeID, i.entry.Once.ShapeID}); err != nil {
			return err
		}
		if i.entry.TableID != b.store.TableID {
			return refusedf("%s landed in another table than %s, which the mapping names now: put that back to roll %s back", b.ref(i.line.Key), b.Table.Name, b.runner.undone.Name)
		}
		if i.key, err = b.keyValues(i.entry.TargetKey); err != nil {
			return err
		}
	}
	return nil
}

// keyValues takes a key out of the crosswalk's text.
func (e *entityUndo) keyValues(text string) ([]record.Value, error) {
	return keyOf(e.TargetEntity, text)
}

func keyOf(e *migration.TargetEntity, text string) ([]record.Value, error) {
	parts := record.SplitKey(text)
	if len(parts) != len(e.Key) {
		return nil, refusedf("the crosswalk says that %s's row has the key %q, but the mapping's key has %d columns: put the mapping back to roll the run back", e.Name, text, len(e.Key))
	}
	key := make([]record.Value, len(parts))
	for i, part := range parts {
		value, misfit := e.Key[i].Type.Fit(record.Text(part))
		if misfit != nil {
			return nil, fmt.Errorf("the crosswalk says that %s's row has the key %q: %w", e.Name, text, misfit)
		}
		key[i] = value
	}
	return key, nil
}

func keyText(key []record.Value) string {
	parts := make([]string, len(key))
	for i, value := range key {
		parts[i] = value.String()
	}
	return record.JoinKey(parts...)
}

// look reads the rows and keeps them from changing.
func (b *batch) look(ctx context.Context) error {
	var looked []*item
	var keys [][]record.Value
	b.columns = nil
	read := map[*shape]bool{}
	for _, i := range b.items {
		if i.deed == noted || !i.open() || i.gone {
			continue
		}
		looked, keys = append(looked, i), append(keys, i.key)
		if read[i.shape] {
			continue
		}
		read[i.shape] = true
		for _, column := range slices.Concat(i.shape.Columns, i.shape.unwritten, i.shape.onceColumns()) {
			if placeOf(b.columns, column.Name) < 0 {
				b.columns = append(b.columns, column)
			}
		}
	}
	if made, changed, dated := b.dates(); dated && len(looked) > 0 {
		for _, column := range []sqldb.Column{made, changed} {
			if placeOf(b.columns, column.Name) < 0 {
				b.columns = append(b.columns, column)
			}
		}
	}
	for _, s := range b.shapes {
		if s.Known && slices.ContainsFunc(looked, func(i *item) bool { return i.shape == s }) {
			s.places, s.unwrittenPlaces = s.Places(b.columns), nil
			if s.once != nil && s.once.Known {
				s.oncePlaces = s.once.Places(b.columns)
			}
			for _, column := range s.unwritten {
				s.unwrittenPlaces = append(s.unwrittenPlaces, placeOf(b.columns, column.Name))
			}
		}
	}
	if b.Remote != nil {
		b.looked, b.lookedKeys = looked, keys
		return nil
	}
	rows, err := b.lander.Fetch(ctx, b.tx, keys, b.columns, true)
	if err != nil {
		return fmt.Errorf("reading the rows to undo: %w", err)
	}
	for n, i := range looked {
		i.row = rows[n]
	}
	return nil
}

func placeOf(columns []sqldb.Column, name string) int {
	return slices.IndexFunc(columns, func(c sqldb.Column) bool { return c.Name == name })
}

// judgeRow holds a row against what the run made of it.
func (b *batch) judgeRow(i *item) {
	switch {
	case i.deed == noted:
	case i.begun != nil:
		b.judgeBegun(i)
	default:
		b.judgeContent(i)
	}
}

func (b *batch) judgeContent(i *item) {
	switch {
	case i.row == nil:
		// Nothing is left to take back, and an earlier run is not to wait for it.
		i.gone = true
		return
	case !i.shape.Known:
		i.keep(record.Kept, record.CodeEdited, "", "%w, so it cannot be told whether people have edited it", errColumnGone)
		return
	case !i.entry.HasHash || i.shape.SumAt(i.row, i.shape.places) != i.entry.Hash:
		i.keep(record.Kept, record.CodeEdited, "", "its %s was changed since the run wrote it", b.what())
		return
	case i.deed != made:
		return
	case i.shape.once != nil && !i.shape.once.Known:
		i.keep(record.Kept, record.CodeEdited, "", "%w, so it cannot be told whether people have edited it", errColumnGone)
		return
	case i.shape.once != nil && crosswalk.OnceOf(i.shape.once.ID, i.shape.once.SumAt(i.row, i.shape.oncePlaces)) != i.entry.Once:
		i.keep(record.Kept, record.CodeEdited, columnNames(i.shape.once.Columns), "its %s was changed since the run wrote it, in columns that are written only when a %[1]s is made", b.what())
		return
	}
	var edited []sqldb.Column
	for n, column := range i.shape.unwritten {
		if i.row[i.shape.unwrittenPlaces[n]] != i.shape.expected[n] {
			edited = append(edited, column)
		}
	}
	if len(edited) > 0 {
		i.keep(record.Kept, record.CodeEdited, columnNames(edited), "its %s was filled in since the run wrote it, in columns that the mapping does not write", b.what())
	}
}

// judgeTriggers refuses what would set off triggers of the target: what they do
// is not among what can be undone.
func (b *batch) judgeTriggers(i *item) {
	for _, trigger := range b.Table.Triggers {
		goesOff := i.deed == made && trigger.OnDelete
		if i.deed == changed && trigger.OnUpdate {
			goesOff = len(trigger.Of) == 0 || slices.ContainsFunc(trigger.Of, func(name string) bool { return placeOf(i.shape.Columns, name) >= 0 })
		}
		if goesOff {
			i.keep(record.Blocked, record.CodeTrigger, "", "the trigger %s of %s would go off; if what it does is wanted, roll back with --through-triggers", trigger.Name, b.Table.Name)
			return
		}
	}
}
