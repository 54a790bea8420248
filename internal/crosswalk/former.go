package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// entryList are the columns of an entry, of the crosswalk as well as of former.
const entryList = "entity_id, source_key, table_id, target_key, role, state, hash, shape_id, first_run, last_run, record_no, survivor, scope"

// keepFormer keeps entries as they are before the store's run changes them for
// the first time. Entries that the run made itself have nothing to go back to:
// only those rows count whose first run is another one.
func (s *Store) keepFormer(ctx context.Context, tx sqldb.Tx, rows []Row) error {
	var keys []string
	for i := range rows {
		if rows[i].FirstRun != s.RunID {
			keys = append(keys, rows[i].SourceKey)
		}
	}
	return s.keepFormerOf(ctx, tx, keys)
}

func (s *Store) keepFormerOf(ctx context.Context, tx sqldb.Tx, keys []string) error {
	if s.RunID == 0 {
		return nil
	}
	return s.withKeys(ctx, tx, keys, func(relation string, args []any) error {
		return s.keep(ctx, tx, fmt.Sprintf("%s c WHERE %s AND c.first_run <> %d",
			s.books.Table("crosswalk"), s.lookedUp("crosswalk", 0, relation), s.RunID), args)
	})
}

func (s *Store) keep(ctx context.Context, tx sqldb.Tx, from string, args []any) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s (run_id, %s)
SELECT %d, c.entity_id, c.source_key, c.table_id, c.target_key, c.role, c.state, c.hash, c.shape_id, c.first_run, c.last_run, c.record_no, c.survivor, c.scope
FROM %s ON CONFLICT DO NOTHING`, s.books.Table("former"), entryList, s.RunID, from), args...)
	if err != nil {
		return fmt.Errorf("keeping entries as they were: %w", err)
	}
	return nil
}

// Former finds the entries of the keys as they were before a run changed them,
// by source key; those that it did not change are not among them.
func (s *Store) Former(ctx context.Context, tx sqldb.Tx, runID int64, keys []string) (map[string]Row, error) {
	former := make(map[string]Row, len(keys))
	err := s.withKeys(ctx, tx, keys, func(relation string, args []any) error {
		return sqldb.Each(ctx, tx, func(values []record.Value) error {
			row := scanRow(values)
			former[row.SourceKey] = row
			return nil
		}, fmt.Sprintf("SELECT %s FROM %s c WHERE %s",
			rowList, s.books.Table("former"), s.lookedUp("former", runID, relation)), args...)
	})
	return former, err
}

// PutBack makes entries what they were before a run changed them. All leave the
// crosswalk first, since of two that passed a row on either may come first. An
// entry whose row another one still has stays deleted, and former, for
// PutBackSuperseded to find.
func (s *Store) PutBack(ctx context.Context, tx sqldb.Tx, runID int64, keys []string) error {
	if err := s.Forget(ctx, tx, keys); err != nil {
		return err
	}
	return s.withKeys(ctx, tx, keys, func(relation string, args []any) error {
		of := s.lookedUp("former", runID, relation)
		crosswalk, former := s.books.Table("crosswalk"), s.books.Table("former")
		put, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s (%s) SELECT entity_id, source_key, table_id, target_key, role,
  CASE WHEN %[5]s AND EXISTS (SELECT 1 FROM %[1]s o WHERE o.target_key = f.target_key AND %[6]s) THEN '%[7]s' ELSE state END,
  hash, shape_id, first_run, last_run, record_no, survivor, scope FROM %[3]s f WHERE %[4]s`,
			crosswalk, entryList, former, of, s.owning("f."), s.owning("o."), string(StateDeleted)), args...)
		if err != nil {
			return err
		}
		if put != int64(len(keys)) {
			return fmt.Errorf("crosswalk: %d entries to put back, %d put back", len(keys), put)
		}
		_, err = tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s AND NOT EXISTS (SELECT 1 FROM %s c WHERE c.entity_id = %[1]s.entity_id AND c.source_key = %[1]s.source_key AND c.state <> %[1]s.state)",
			former, of, crosswalk), args...)
		return err
	})
}

// PutBackSuperseded gives entries whose rows a run's records had taken over
// their state again, where nobody has those rows any more. The run had not read
// those entries' records: nothing else of them has changed.
func PutBackSuperseded(ctx context.Context, tx sqldb.Tx, b *books.Books, runID int64) error {
	owning := func(alias string) string {
		return fmt.Sprintf("%s.role IN ('c', 'a') AND %[1]s.state IN ('r', 'l', 'p', 'h')", alias)
	}
	_, err := b.Exec(ctx, tx, `UPDATE {crosswalk} SET state = f.state FROM {former} f
WHERE f.run_id = ? AND f.entity_id = {crosswalk}.entity_id AND f.source_key = {crosswalk}.source_key
  AND {crosswalk}.state = 'd' AND {crosswalk}.last_run = f.last_run AND `+owning("f")+`
  AND NOT EXISTS (SELECT 1 FROM {crosswalk} o WHERE o.table_id = f.table_id AND o.target_key = f.target_key AND `+owning("o")+`)`, runID)
	if err != nil {
		return err
	}
	_, err = b.Exec(ctx, tx, `DELETE FROM {former} WHERE run_id = ? AND EXISTS (SELECT 1 FROM {crosswalk} c
  WHERE c.entity_id = {former}.entity_id AND c.source_key = {former}.source_key AND c.state = {former}.state AND c.last_run = {former}.last_run)`, runID)
	return err
}
