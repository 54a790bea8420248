package run

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// isNew reports whether the record, unless something speaks against it, is
// going to have a new row.
func (u *unit) isNew() bool { return !u.situation.Known || u.situation.RowGone }

// vanishedParents finds, of the parents that the crosswalk knows by their source
// keys, those whose rows are gone from the target. It asks for the sake of new
// rows alone, and only where nothing else would keep them from referring to
// nobody: the target itself does, by a foreign key. A wave asks in any case, so
// that it can say why. An API is not asked: each parent would be a call.
func (l *landing) vanishedParents(ctx context.Context, place int, entity string, meant []record.Ref, parents map[string]string) (map[string]bool, error) {
	if l.expects || len(parents) == 0 || l.Remote != nil || !l.wave() && l.guarded(place, entity) {
		return nil, nil
	}
	asked := map[string]bool{}
	var names []string
	var keys [][]record.Value
	var err error
	l.each(func(i int, u *unit) *record.Rejection {
		name := meant[i].Key
		targetKey, found := parents[name]
		if meant[i].Entity != entity || !found || asked[name] || !u.isNew() || err != nil {
			return nil
		}
		asked[name] = true
		var key []record.Value
		if key, err = keyValues(l.m.Entity(entity), targetKey); err == nil {
			names, keys = append(names, name), append(keys, key)
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	parent := l.m.Entity(entity)
	present, err := l.tableFor(parent.Table, parent.Key).Fetch(ctx, l.tx, keys, nil, false)
	if err != nil {
		return nil, fmt.Errorf("looking for the rows of %s: %w", entity, err)
	}
	vanished := map[string]bool{}
	for i, name := range names {
		if present[i] == nil {
			vanished[name] = true
		}
	}
	return vanished, nil
}

// guarded reports whether the target itself keeps the column from referring to
// rows of the entity's table that are not there.
func (l *landing) guarded(place int, entity string) bool {
	parent := l.m.Entity(entity).Table.Name
	for _, fk := range l.Table.ForeignKeys {
		if fk.References == parent && slices.Equal(fk.Columns, []string{l.Columns[place].Name}) {
			return true
		}
	}
	return false
}

// vanished says what becomes of a record whose parent landed and is not on the
// target any more: it is blocked, unless the mapping lets the reference stay
// empty.
func (l *landing) vanished(i int, u *unit, ref mapping.RefField, place int, parent record.Ref, key string) *record.Rejection {
	column := l.Columns[place]
	if ref.OnOrphan == mapping.OrphanNull && column.Nullable {
		u.row[place] = record.Null()
		return nil
	}
	return &record.Rejection{
		Ref: l.batch.Items[i].Ref, Step: record.StepResolve, Field: column.Name, Code: record.CodeMapped, Blocked: true,
		Err: fmt.Errorf("%s became row %s, which is gone from the target: mend the reference, or bring the parent back and retry", parent, key),
	}
}
