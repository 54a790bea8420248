package run

import (
	"context"
	"fmt"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// lookForGone finds out which records of the batch are written again since their
// rows are gone, before references are resolved: such records wait for parents,
// and others for them, as new ones do.
func (l *landing) lookForGone(ctx context.Context) error {
	if len(l.recreated) == 0 && !l.wave() || l.policy.Missing != string(mapping.MissingRecreate) {
		return nil
	}
	var asked []*unit
	var keys [][]record.Value
	var err error
	l.each(func(_ int, u *unit) *record.Rejection {
		if u.situation.Known && err == nil {
			var key []record.Value
			key, err = l.keyValues(u.entry.TargetKey)
			asked, keys = append(asked, u), append(keys, key)
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	present, err := l.lander.Fetch(ctx, l.tx, keys, nil, false)
	if err != nil {
		return fmt.Errorf("looking for rows: %w", err)
	}
	for i, u := range asked {
		u.situation.RowGone = present[i] == nil
	}
	return nil
}

// goneParents finds, of parents by their source keys, those whose rows are gone
// and that this run may still write again, under other keys perhaps.
func (l *landing) goneParents(ctx context.Context, entity string, parents map[string]string) (map[string]bool, error) {
	rows := l.recreated[entity]
	if rows == nil || len(parents) == 0 {
		return nil, nil
	}
	names, keys := make([]string, 0, len(parents)), make([][]record.Value, 0, len(parents))
	for name, targetKey := range parents {
		key, err := keyValues(l.m.Entity(entity), targetKey)
		if err != nil {
			return nil, err
		}
		names, keys = append(names, name), append(keys, key)
	}
	present, err := rows.Fetch(ctx, l.tx, keys, nil, false)
	if err != nil {
		return nil, fmt.Errorf("looking for rows: %w", err)
	}
	gone := map[string]bool{}
	for i, name := range names {
		gone[name] = present[i] == nil
	}
	return gone, nil
}
