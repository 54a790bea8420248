package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Called is what a record is found by besides its key: values of other columns,
// as canonical text; empty when a column is blank and nothing finds it so.
type Called struct {
	SourceKey string
	Text      string
}

var aliasColumns = []sqldb.Column{shortColumn("entity_id"), textColumn("by_columns"), textColumn("value"), textColumn("source_key")}

// AnyCalled reports whether the books know anything of what records of the
// entity are found by.
func (s *Store) AnyCalled(ctx context.Context, tx sqldb.Tx) (bool, error) {
	_, found, err := s.books.One(ctx, tx, "SELECT 1 FROM {alias_key} WHERE entity_id = ? LIMIT 1", s.EntityID)
	return s.orBehind(tx, found, err, func(back *Store, behind sqldb.Tx) (bool, error) {
		if able, err := back.books.Able(ctx, behind, "alias_key"); err != nil || !able {
			return false, err // the books behind are older than it
		}
		return back.AnyCalled(ctx, behind)
	})
}

// Call notes what records are found by. Where the books know some of them, fresh
// is false and only what differs is written.
func (s *Store) Call(ctx context.Context, tx sqldb.Tx, by string, called []Called, fresh bool) error {
	if !fresh {
		var err error
		if called, err = s.changed(ctx, tx, by, called); err != nil {
			return err
		}
	}
	rows := make([][]record.Value, 0, len(called))
	for _, c := range called {
		if c.Text != "" {
			rows = append(rows, []record.Value{record.Int(s.EntityID), record.Text(by), record.Text(c.Text), record.Text(c.SourceKey)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	written, err := tx.BulkInsert(ctx, s.books.Name("alias_key"), aliasColumns, sqldb.RowsOf(rows))
	if err == nil && written != int64(len(rows)) {
		err = fmt.Errorf("alias_key: %d values sent, %d written", len(rows), written)
	}
	return err
}

// changed leaves those of which the books say something else, and forgets what
// they say.
func (s *Store) changed(ctx context.Context, tx sqldb.Tx, by string, called []Called) ([]Called, error) {
	keys := make([]string, len(called))
	for i := range called {
		keys[i] = called[i].SourceKey
	}
	if err := s.bringInCalled(ctx, tx, by, keys, true); err != nil {
		return nil, err
	}
	known := make(map[string]string, len(keys))
	relation, args := s.keyRelation(keys)
	condition := fmt.Sprintf("entity_id = %d AND by_columns = %s", s.EntityID, s.books.Dialect().Placeholder(len(args)+1))
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		known[values[0].String()] = values[1].String()
		return nil
	}, fmt.Sprintf("SELECT a.source_key, a.value FROM %s %s %s a ON a.source_key = k.c0 AND a.%s",
		relation, s.books.Dialect().LookupJoin(), s.books.Table("alias_key"), condition), append(args, by)...)
	if err != nil {
		return nil, err
	}
	var changed []Called
	var stale []string
	for _, c := range called {
		was := known[c.SourceKey]
		if was == c.Text {
			continue
		}
		changed = append(changed, c)
		if was != "" {
			stale = append(stale, c.SourceKey)
		}
	}
	if len(stale) == 0 {
		return changed, nil
	}
	relation, args = s.keyRelation(stale)
	_, err = tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s AND source_key IN (SELECT c0 FROM %s)", s.books.Table("alias_key"), condition, relation), append(args, by)...)
	return changed, err
}

// Answer is who is found by a text: so many, and if it is one, its source key.
type Answer struct {
	Count     int64
	SourceKey string
}

// Find tells which records are found by the texts.
func (p *Parents) Find(ctx context.Context, tx sqldb.Tx, by string, texts []string) (map[string]Answer, error) {
	answers := make(map[string]Answer, len(texts))
	if len(texts) == 0 {
		return answers, nil
	}
	s := p.store
	if err := s.bringInCalled(ctx, tx, by, texts, false); err != nil {
		return nil, err
	}
	relation, args := s.keyRelation(texts)
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		answers[values[0].String()] = Answer{Count: values[1].Int(), SourceKey: values[2].String()}
		return nil
	}, fmt.Sprintf("SELECT a.value, count(DISTINCT a.source_key), min(a.source_key) FROM %s %s %s a ON a.value = k.c0 AND a.entity_id = %d AND a.by_columns = %s GROUP BY a.value",
		relation, s.books.Dialect().LookupJoin(), s.books.Table("alias_key"), s.EntityID, s.books.Dialect().Placeholder(len(args)+1)), append(args, by)...)
	return answers, err
}
