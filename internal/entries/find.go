package entries

import (
	"context"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Found is handed what was asked for, in the order in which it was asked.
type Found struct {
	Entry   func(*crosswalk.Listed) error
	Missing func(asked record.Ref) error
}

// Finder looks up many keys, a chunk of them in one query.
type Finder struct {
	find  func(keys []string) ([][]*crosswalk.Listed, error)
	name  string // of the entity or the table
	found Found
	keys  []string
}

// FindRecords makes a Finder of an entity's records, by their source keys.
func FindRecords(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, entity string, found Found) (*Finder, error) {
	id, err := crosswalk.EntityID(ctx, tx, b, migration, entity, false)
	if err != nil {
		return nil, err
	}
	return &Finder{name: entity, found: found, find: func(keys []string) ([][]*crosswalk.Listed, error) {
		entries, err := crosswalk.ListKeys(ctx, tx, b, id, keys)
		lists := make([][]*crosswalk.Listed, len(entries))
		for i, entry := range entries {
			if entry != nil {
				lists[i] = []*crosswalk.Listed{entry}
			}
		}
		return lists, err
	}}, nil
}

// FindRows makes a Finder of the rows of a place, which name stands for.
func FindRows(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, name string, place crosswalk.Place, found Found) *Finder {
	return &Finder{name: name, found: found, find: func(keys []string) ([][]*crosswalk.Listed, error) {
		return crosswalk.ListRows(ctx, tx, b, migration, place, keys)
	}}
}

// Ask asks for a key.
func (f *Finder) Ask(key string) error {
	if f.keys = append(f.keys, key); len(f.keys) < chunk {
		return nil
	}
	return f.End()
}

// End answers what is asked and not answered yet.
func (f *Finder) End() error {
	if len(f.keys) == 0 {
		return nil
	}
	lists, err := f.find(f.keys)
	if err != nil {
		return err
	}
	for i, list := range lists {
		if len(list) == 0 {
			if err := f.found.Missing(record.Ref{Entity: f.name, Key: f.keys[i]}); err != nil {
				return err
			}
		}
		for _, entry := range list {
			if err := f.found.Entry(entry); err != nil {
				return err
			}
		}
	}
	f.keys = f.keys[:0]
	return nil
}
