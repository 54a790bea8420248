package rollback

import (
	"context"
	"slices"

	"landfall/internal/sqldb"
)

// loosen gives rows that the run changed back what they referred to in the
// group, so that what they refer to now can go.
func (t *together) loosen(ctx context.Context) error {
	return t.eachAside(ctx, func(b *batch) error {
		for _, s := range b.shapesOf() {
			var columns []sqldb.Column
			for _, to := range t.members {
				for _, by := range to.refs {
					for _, name := range by.Columns {
						if at := placeOf(s.Columns, name); by.From == b.Table.Name && at >= 0 && placeOf(b.Key, name) < 0 && placeOf(columns, name) < 0 {
							columns = append(columns, s.Columns[at])
						}
					}
				}
			}
			if err := t.writeBack(ctx, b, s, columns); err != nil {
				return err
			}
		}
		return nil
	})
}

// restore gives rows that the run changed back all that they held, and tells of
// them.
func (t *together) restore(ctx context.Context) error {
	return t.eachAside(ctx, func(b *batch) error {
		for _, s := range b.shapesOf() {
			if err := t.writeBack(ctx, b, s, s.Columns); err != nil {
				return err
			}
		}
		return t.tell(ctx, b)
	})
}

func (t *together) writeBack(ctx context.Context, b *batch, s *shape, columns []sqldb.Column) error {
	if len(columns) == 0 {
		return nil
	}
	var items []*item
	for _, i := range b.items {
		if i.shape == s {
			items = append(items, i)
		}
	}
	refused, err := b.write(ctx, items, columns)
	for _, refusal := range refused {
		t.refused[b.ref(items[refusal.Row].line.Key)] = refusalOf(refusal, "the target refuses what the row held: ")
	}
	return err
}

func (b *batch) shapesOf() []*shape {
	var shapes []*shape
	for _, i := range b.items {
		if !slices.Contains(shapes, i.shape) {
			shapes = append(shapes, i.shape)
		}
	}
	return shapes
}
