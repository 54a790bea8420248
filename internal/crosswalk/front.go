package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// behind is the same entity's crosswalk in the books behind those of a
// transaction, and a transaction to read it in; nil where there is none.
func (s *Store) behind(tx sqldb.Tx) (*Store, sqldb.Tx) {
	front, ok := tx.(books.Front)
	if !ok || s.EntityID >= books.FirstOwn && s.TableID >= books.FirstOwn {
		return nil, nil
	}
	b, behind := front.Behind()
	if b == nil {
		return nil, nil
	}
	if s.back == nil || s.back.books != b {
		s.back = &Store{books: b, EntityID: s.EntityID, TableID: s.TableID, columns: s.columns}
	}
	return s.back, behind
}

// bringIn brings entries of the keys in from the books behind.
func (s *Store) bringIn(ctx context.Context, tx sqldb.Tx, keys []string) error {
	back, behind := s.behind(tx)
	if back == nil || len(keys) == 0 {
		return nil
	}
	if !back.asked {
		any, err := back.Any(ctx, behind)
		if err != nil {
			return err
		}
		back.asked, back.empty = true, !any
	}
	if back.empty {
		return nil
	}
	here, err := s.lookup(ctx, tx, keys)
	if err != nil {
		return err
	}
	var missing []string
	asked := map[string]bool{}
	for _, key := range keys {
		if _, known := here[key]; !known && !asked[key] {
			missing = append(missing, key)
			asked[key] = true
		}
	}
	there, err := back.LookupBatch(ctx, behind, missing)
	if err != nil {
		return fmt.Errorf("looking at the target's books: %w", err)
	}
	var rows []entryOf
	for key, row := range there {
		if asked[key] {
			rows = append(rows, entryOf{s.EntityID, row})
		}
	}
	return s.put(ctx, tx, rows)
}

// bringInOwners brings in who owns rows of the table, of whatever entity.
func (s *Store) bringInOwners(ctx context.Context, tx sqldb.Tx, targetKeys []string) error {
	back, behind := s.behind(tx)
	if back == nil || len(targetKeys) == 0 {
		return nil
	}
	dialect := back.books.Dialect()
	if err := sqldb.PreferIndexes(ctx, behind, dialect, false); err != nil {
		return err
	}
	relation, args := back.keyRelation(targetKeys)
	var found []entryOf
	err := sqldb.Each(ctx, behind, func(values []record.Value) error {
		found = append(found, entryOf{values[11].Int(), scanRow(values)})
		return nil
	}, fmt.Sprintf("SELECT %s, c.entity_id FROM %s %s %s c ON c.target_key = k.c0 AND %s",
		rowList, relation, dialect.LookupJoin(), back.books.Table("crosswalk"), back.owning("c.")), args...)
	if err != nil {
		return fmt.Errorf("looking at the target's books: %w", err)
	}
	if err := sqldb.PreferIndexes(ctx, behind, dialect, true); err != nil {
		return err
	}
	byEntity := map[int64][]string{}
	for _, entry := range found {
		byEntity[entry.entity] = append(byEntity[entry.entity], entry.row.SourceKey)
	}
	var missing []entryOf
	for entity, keys := range byEntity {
		other := &Store{books: s.books, EntityID: entity}
		here, err := other.lookup(ctx, tx, keys)
		if err != nil {
			return err
		}
		for _, entry := range found {
			if _, known := here[entry.row.SourceKey]; entry.entity == entity && !known {
				missing = append(missing, entry)
			}
		}
	}
	return s.put(ctx, tx, missing)
}

// entryOf is an entry of an entity.
type entryOf struct {
	entity int64
	row    Row
}

// put writes entries as they are.
func (s *Store) put(ctx context.Context, tx sqldb.Tx, entries []entryOf) error {
	if len(entries) == 0 {
		return nil
	}
	cells := make([]record.Value, len(rowColumns))
	at := 0
	written, err := tx.BulkInsert(ctx, s.books.Name("crosswalk"), rowColumns, func() []record.Value {
		if at == len(entries) {
			return nil
		}
		entry := &entries[at]
		(&Store{EntityID: entry.entity, TableID: entry.row.TableID}).cells(&entry.row, cells)
		at++
		return cells
	})
	if err == nil && written != int64(len(entries)) {
		err = fmt.Errorf("crosswalk: %d entries sent, %d written", len(entries), written)
	}
	return err
}

// orBehind asks the books behind what those in front deny.
func (s *Store) orBehind(tx sqldb.Tx, here bool, err error, ask func(*Store, sqldb.Tx) (bool, error)) (bool, error) {
	if here || err != nil {
		return here, err
	}
	back, behind := s.behind(tx)
	if back == nil {
		return false, nil
	}
	return ask(back, behind)
}

// openFront finds the highest number of parents for a run that is only foreseen:
// from the target's table and its books, beside what the run itself would use.
func (h *Heirs) openFront(ctx context.Context, front books.Front, first []string, known map[string]heir) error {
	if len(first) == 0 {
		return nil
	}
	spelled, there := front.There()
	back := *h
	back.store = &Store{books: spelled, EntityID: h.store.EntityID, TableID: h.store.TableID, columns: h.store.columns}
	b, _ := front.Behind()
	said := map[string]heir{}
	if b == nil || h.store.TableID >= books.FirstOwn {
		back.Asks = false
	} else if able, err := b.Able(ctx, there, "key_heir"); err != nil {
		return err
	} else if able {
		if said, err = back.read(ctx, there, first, false); err != nil {
			return fmt.Errorf("looking at the target's books: %w", err)
		}
	}
	present, err := back.present(ctx, there, first)
	if err != nil {
		return err
	}
	for _, parent := range first {
		is := said[parent]
		is.high, is.spare = max(is.high, is.spare-1, present[parent]), 0
		known[parent] = is
	}
	return nil
}
