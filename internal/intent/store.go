package intent

import (
	"context"
	"fmt"
	"time"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Store is the intents of one entity.
type Store struct {
	books    *books.Books
	entityID int64
}

// Of returns the store of an entity, by its number in the books.
func Of(b *books.Books, entityID int64) *Store { return &Store{books: b, entityID: entityID} }

func column(name string, kind record.Kind, native string) sqldb.Column {
	return sqldb.Column{Name: name, Nullable: true, Type: record.Type{Kind: kind, Native: native}}
}

var columns = []sqldb.Column{
	column("entity_id", record.KindInt, "bigint"), column("source_key", record.KindText, "text"), column("run_id", record.KindInt, "bigint"),
	column("slice_no", record.KindInt, "bigint"), column("ordinal", record.KindInt, "bigint"), column("record_no", record.KindInt, "bigint"),
	column("deed", record.KindText, "text"), column("state", record.KindText, "text"), column("token", record.KindText, "text"),
	column("target_key", record.KindText, "text"), column("hash", record.KindBytes, "bytea"), column("shape_id", record.KindInt, "bigint"),
	column("written", record.KindText, "text"), column("before", record.KindText, "text"), column("at", record.KindText, "text"),
	column("newest", record.KindText, "text"),
}

const list = "source_key, run_id, slice_no, ordinal, record_no, deed, state, token, target_key, hash, shape_id, written, before, newest"

// Put writes intents, in place of those of the same records.
func (s *Store) Put(ctx context.Context, tx sqldb.Tx, intents []Intent) error {
	if len(intents) == 0 {
		return nil
	}
	keys := make([]string, len(intents))
	rows := make([][]record.Value, len(intents))
	now := record.Text(time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
	for n := range intents {
		i := &intents[n]
		keys[n] = i.SourceKey
		hash := record.Null()
		if i.HasHash {
			hash = record.Bytes(i.Hash[:])
		}
		rows[n] = []record.Value{
			record.Int(s.entityID), record.Text(i.SourceKey), record.Int(i.RunID), record.Int(int64(i.Slice)), record.Int(i.Ordinal),
			record.Int(i.Number), record.Text(i.Deed), record.Text(string(i.State)), record.Text(i.Token), optional(i.TargetKey),
			hash, record.Int(i.ShapeID), optional(i.Written), optional(i.Before), now, optional(i.Newest),
		}
	}
	if err := s.Remove(ctx, tx, keys); err != nil {
		return err
	}
	written, err := tx.BulkInsert(ctx, s.books.Name("intent"), columns, sqldb.RowsOf(rows))
	if err == nil && written != int64(len(rows)) {
		err = fmt.Errorf("intents: %d sent, %d written", len(rows), written)
	}
	return err
}

func optional(text string) record.Value {
	if text == "" {
		return record.Null()
	}
	return record.Text(text)
}

// Remove takes the intents of records away.
func (s *Store) Remove(ctx context.Context, tx sqldb.Tx, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	condition, args := s.lookedUp(keys)
	_, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s", s.books.Table("intent"), condition), args...)
	return err
}

// Find finds the intents of records, by source key.
func (s *Store) Find(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]Intent, error) {
	found := make(map[string]Intent, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	condition, args := s.lookedUp(keys)
	err := sqldb.Each(ctx, tx, func(row []record.Value) error {
		i := scan(row)
		found[i.SourceKey] = i
		return nil
	}, fmt.Sprintf("SELECT %s FROM %s WHERE %s", list, s.books.Table("intent"), condition), args...)
	return found, err
}

// Page lists intents in the order of their source keys, those after a key, at
// most so many.
func (s *Store) Page(ctx context.Context, tx sqldb.Tx, after string, most int) ([]Intent, error) {
	var page []Intent
	err := s.books.Query(ctx, tx, func(row []record.Value) error {
		page = append(page, scan(row))
		return nil
	}, fmt.Sprintf("SELECT "+list+" FROM {intent} WHERE entity_id = ? AND source_key > ? ORDER BY source_key LIMIT %d", most), s.entityID, after)
	return page, err
}

// Holding finds, of target keys, those of rows that other records than the given
// are about to change: the source keys of these by target key.
func (s *Store) Holding(ctx context.Context, tx sqldb.Tx, targetKeys []string, but map[string]bool) (map[string]string, error) {
	holding := map[string]string{}
	if len(targetKeys) == 0 {
		return holding, nil
	}
	rows := make([][]record.Value, len(targetKeys))
	for i, key := range targetKeys {
		rows[i] = []record.Value{record.Text(key)}
	}
	// There are as many intents as calls under way: no index is worth its keep.
	relation, args := s.books.Dialect().Relation("k", columns[9:10], rows, 1)
	err := sqldb.Each(ctx, tx, func(row []record.Value) error {
		if !but[row[1].String()] {
			holding[row[0].String()] = row[1].String()
		}
		return nil
	}, fmt.Sprintf("SELECT i.target_key, i.source_key FROM %s JOIN %s i ON i.target_key = k.c0 WHERE i.entity_id = %d", relation, s.books.Table("intent"), s.entityID), args...)
	return holding, err
}

// Count is how many intents there are, and of how many of them a run has to find
// out what became of them.
func (s *Store) Count(ctx context.Context, tx sqldb.Tx) (all, unknown int64, err error) {
	row, _, err := s.books.One(ctx, tx, "SELECT count(*), coalesce(sum(CASE WHEN state = 'sent' AND (hash IS NOT NULL OR deed = 'delete') THEN 1 ELSE 0 END), 0) FROM {intent} WHERE entity_id = ?", s.entityID)
	if err != nil {
		return 0, 0, err
	}
	return row[0].Int(), row[1].Int(), nil
}

func (s *Store) lookedUp(keys []string) (condition string, args []any) {
	rows := make([][]record.Value, len(keys))
	for i, key := range keys {
		rows[i] = []record.Value{record.Text(key)}
	}
	relation, args := s.books.Dialect().Relation("k", columns[1:2], rows, 1)
	return s.books.Dialect().LookedUp(s.books.Table("intent"), fmt.Sprintf("entity_id = %d", s.entityID), "source_key", relation), args
}

func scan(row []record.Value) Intent {
	i := Intent{
		SourceKey: row[0].String(), RunID: row[1].Int(), Slice: int(row[2].Int()), Ordinal: row[3].Int(), Number: row[4].Int(),
		Deed: row[5].String(), State: State(row[6].String()), Token: row[7].String(), TargetKey: row[8].String(), ShapeID: row[10].Int(),
		Written: row[11].String(), Before: row[12].String(), Newest: row[13].String(),
	}
	if raw := row[9].Raw(); len(raw) == len(i.Hash) {
		copy(i.Hash[:], raw)
		i.HasHash = true
	}
	return i
}
