package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// bringInCalled brings in, from the books behind, by what records are found:
// those with one of the texts, or, with bySource, those of the given keys. What
// was brought in once is not brought in again, since it may have changed in front.
func (s *Store) bringInCalled(ctx context.Context, tx sqldb.Tx, by string, wanted []string, bySource bool) error {
	back, behind := s.behind(tx)
	if back == nil || len(wanted) == 0 || s.EntityID >= books.FirstOwn {
		return nil
	}
	if !back.askedCalled {
		able, err := back.books.Able(ctx, behind, "alias_key")
		if err == nil && able {
			able, err = back.AnyCalled(ctx, behind)
		}
		if err != nil {
			return fmt.Errorf("looking at the target's books: %w", err)
		}
		back.askedCalled, back.called = true, able
	}
	if !back.called {
		return nil
	}
	column := "value"
	if bySource {
		column = "source_key"
	}
	brought := s.books.Dialect().Quote("landfall_brought")
	if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+brought+" (entity_id INTEGER, by_columns TEXT, source_key TEXT, PRIMARY KEY (entity_id, by_columns, source_key)) WITHOUT ROWID"); err != nil {
		return err
	}
	relation, args := back.keyRelation(wanted)
	texts := map[string][]string{} // by source key
	var keys []string
	err := sqldb.Each(ctx, behind, func(values []record.Value) error {
		key := values[0].String()
		if texts[key] == nil {
			keys = append(keys, key)
		}
		texts[key] = append(texts[key], values[1].String())
		return nil
	}, fmt.Sprintf("SELECT a.source_key, a.value FROM %s %s %s a ON a.%s = k.c0 AND a.entity_id = %d AND a.by_columns = %s",
		relation, back.books.Dialect().LookupJoin(), back.books.Table("alias_key"), column, s.EntityID, back.books.Dialect().Placeholder(len(args)+1)), append(args, by)...)
	if err != nil {
		return fmt.Errorf("looking at the target's books: %w", err)
	}
	if bySource {
		keys = wanted
	}
	known := map[string]bool{}
	relation, args = s.keyRelation(keys)
	err = sqldb.Each(ctx, tx, func(values []record.Value) error {
		known[values[0].String()] = true
		return nil
	}, fmt.Sprintf("SELECT b.source_key FROM %s CROSS JOIN %s b ON b.source_key = k.c0 AND b.entity_id = %d AND b.by_columns = %s",
		relation, brought, s.EntityID, s.books.Dialect().Placeholder(len(args)+1)), append(args, by)...)
	if err != nil {
		return err
	}
	var rows, marks [][]record.Value
	for _, key := range keys {
		if known[key] {
			continue
		}
		known[key] = true
		marks = append(marks, []record.Value{record.Int(s.EntityID), record.Text(by), record.Text(key)})
		for _, text := range texts[key] {
			rows = append(rows, []record.Value{record.Int(s.EntityID), record.Text(by), record.Text(text), record.Text(key)})
		}
	}
	if len(marks) == 0 {
		return nil
	}
	if _, err := tx.BulkInsert(ctx, sqldb.Name{Table: "landfall_brought"}, []sqldb.Column{aliasColumns[0], aliasColumns[1], aliasColumns[3]}, sqldb.RowsOf(marks)); err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	_, err = tx.BulkInsert(ctx, s.books.Name("alias_key"), aliasColumns, sqldb.RowsOf(rows))
	return err
}
