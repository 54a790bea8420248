package run

import (
	"context"
	"fmt"

	"landfall/internal/target"
)

// collapse lets the first of those records land that are one row. The others
// become its aliases: of a record that landed before, or of one of this batch.
// A row that no record of the entity owns is nobody's to share.
func (l *landing) collapse(ctx context.Context) error {
	if !l.To.Collapse {
		return nil
	}
	var creates []int
	var keys []string
	leaving := map[string]bool{} // records that are about to have another row
	for i := range l.units {
		u := &l.units[i]
		if u.copyOf != nil {
			u.action, u.copyOf, u.survivor = target.Create, nil, "" // it is found out again
		}
		switch {
		case u.rejection != nil:
		case u.action == target.Create:
			creates = append(creates, i)
			keys = append(keys, u.keyText)
		case u.action == target.Update && joinKey(l.naturalKey(u.row)) != u.keyText:
			leaving[l.batch.Items[i].Ref.Key] = true
		}
	}
	owners, err := l.store.Owning(ctx, l.tx, keys)
	if err != nil {
		return fmt.Errorf("looking for records that are the same row: %w", err)
	}
	first := map[string]int{}
	for _, i := range creates {
		u, own := &l.units[i], l.batch.Items[i].Ref.Key
		if owner, owned := owners[u.keyText]; owned && owner.SourceKey != own && !leaving[owner.SourceKey] {
			u.action, u.survivor = target.Alias, owner.SourceKey
			continue
		}
		if before, taken := first[u.keyText]; taken {
			u.action, u.copyOf, u.survivor = target.Alias, &l.units[before], l.batch.Items[before].Ref.Key
			continue
		}
		first[u.keyText] = i
	}
	return nil
}
