package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Pending is one reference of a record whose row landed before its parent did:
// the field holds NULL until the parent is there.
type Pending struct {
	SourceKey   string
	Field       string
	ParentID    int64 // the parent's entity, by its number in the books
	ParentKey   string
	RecordNo    int64
	Disposition record.Disposition // what the run said of the record so far
}

var pendingColumns = []sqldb.Column{
	intColumn("run_id"), intColumn("entity_id"), textColumn("source_key"), textColumn("field"),
	intColumn("parent_entity_id"), textColumn("parent_key"), intColumn("record_no"), textColumn("disposition"),
}

// Postpone notes references that wait for their parents.
func (s *Store) Postpone(ctx context.Context, tx sqldb.Tx, runID int64, pending []Pending) error {
	if len(pending) == 0 {
		return nil
	}
	rows := make([][]record.Value, len(pending))
	for i, p := range pending {
		rows[i] = []record.Value{
			record.Int(runID), record.Int(s.EntityID), record.Text(p.SourceKey), record.Text(p.Field),
			record.Int(p.ParentID), record.Text(p.ParentKey), record.Int(p.RecordNo), record.Text(string(p.Disposition)),
		}
	}
	written, err := tx.BulkInsert(ctx, s.books.Name("pending"), pendingColumns, sqldb.RowsOf(rows))
	if err == nil && written != int64(len(rows)) {
		err = fmt.Errorf("pending: %d references sent, %d written", len(rows), written)
	}
	return err
}

// Postponed lists the references of the first so many records of the entity
// that wait in the run, all of a record's together.
func (s *Store) Postponed(ctx context.Context, tx sqldb.Tx, runID int64, records int) ([]Pending, error) {
	var pending []Pending
	err := s.books.Query(ctx, tx, func(row []record.Value) error {
		pending = append(pending, Pending{
			SourceKey: row[0].String(), Field: row[1].String(), ParentID: row[2].Int(), ParentKey: row[3].String(),
			RecordNo: row[4].Int(), Disposition: record.Disposition(row[5].String()),
		})
		return nil
	}, fmt.Sprintf(`SELECT p.source_key, p.field, p.parent_entity_id, p.parent_key, p.record_no, p.disposition FROM {pending} p
JOIN (SELECT DISTINCT source_key FROM {pending} WHERE run_id = ? AND entity_id = ? ORDER BY source_key LIMIT %d) k ON k.source_key = p.source_key
WHERE p.run_id = ? AND p.entity_id = ? ORDER BY p.source_key, p.field`, records), runID, s.EntityID, runID, s.EntityID)
	return pending, err
}

// Waiting lists the records that wait in the run, those after a key, at most so
// many, in the order of their keys. It is for runs that note one thing for each.
func (s *Store) Waiting(ctx context.Context, tx sqldb.Tx, runID int64, after string, most int) ([]Pending, error) {
	var pending []Pending
	err := s.books.Query(ctx, tx, func(row []record.Value) error {
		pending = append(pending, Pending{SourceKey: row[0].String(), RecordNo: row[1].Int(), Disposition: record.Disposition(row[2].String())})
		return nil
	}, fmt.Sprintf("SELECT source_key, record_no, disposition FROM {pending} WHERE run_id = ? AND entity_id = ? AND source_key > ? ORDER BY source_key LIMIT %d", most),
		runID, s.EntityID, after)
	return pending, err
}

// WaitingCount is how many there are.
func (s *Store) WaitingCount(ctx context.Context, tx sqldb.Tx, runID int64) (int64, error) {
	row, _, err := s.books.One(ctx, tx, "SELECT count(*) FROM {pending} WHERE run_id = ? AND entity_id = ?", runID, s.EntityID)
	if err != nil {
		return 0, err
	}
	return row[0].Int(), nil
}

// Settled forgets what the records waited for in the run.
func (s *Store) Settled(ctx context.Context, tx sqldb.Tx, runID int64, keys []string) error {
	return s.withKeys(ctx, tx, keys, func(relation string, args []any) error {
		_, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s",
			s.books.Table("pending"), s.lookedUp("pending", runID, relation)), args...)
		return err
	})
}

// ForgetPending drops what waits in a run that is given up.
func ForgetPending(ctx context.Context, tx sqldb.Tx, b *books.Books, runID int64) error {
	_, err := b.Exec(ctx, tx, "DELETE FROM {pending} WHERE run_id = ?", runID)
	return err
}

// Mark changes the state of entries.
func (s *Store) Mark(ctx context.Context, tx sqldb.Tx, keys []string, state State) error {
	return s.withKeys(ctx, tx, keys, func(relation string, args []any) error {
		_, err := tx.Exec(ctx, fmt.Sprintf("UPDATE %s SET state = '%s' WHERE %s",
			s.books.Table("crosswalk"), string(state), s.lookedUp("crosswalk", 0, relation)), args...) // the letter, not the word
		return err
	})
}

// RolledBack finds those of the keys whose rows a rollback deleted, with the
// runs that it undid.
func (s *Store) RolledBack(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]int64, error) {
	rows, err := s.Lookup(ctx, tx, keys)
	undone := map[string]int64{}
	for key, row := range rows {
		if row.State == StateRolledBack {
			undone[key] = row.LastRun
		}
	}
	return undone, err
}

// Forget drops entries of records that turned out not to have landed on rows
// that are not ours.
func (s *Store) Forget(ctx context.Context, tx sqldb.Tx, keys []string) error {
	return s.withKeys(ctx, tx, keys, func(relation string, args []any) error {
		_, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s",
			s.books.Table("crosswalk"), s.lookedUp("crosswalk", 0, relation)), args...)
		return err
	})
}

// lookedUp is the condition that a row of one of the books' tables is of this
// entity, of the run unless that is 0, and of one of the keys.
func (s *Store) lookedUp(table string, runID int64, relation string) string {
	where := fmt.Sprintf("entity_id = %d", s.EntityID)
	if runID != 0 {
		where = fmt.Sprintf("run_id = %d AND %s", runID, where)
	}
	return s.books.Dialect().LookedUp(s.books.Table(table), where, "source_key", relation)
}

func (s *Store) withKeys(ctx context.Context, tx sqldb.Tx, keys []string, work func(relation string, args []any) error) error {
	if len(keys) == 0 {
		return nil
	}
	return work(s.keyRelation(keys))
}

// Owning finds the entity's own entries that created or adopted the given rows,
// by target key.
func (s *Store) Owning(ctx context.Context, tx sqldb.Tx, targetKeys []string) (owning map[string]Row, err error) {
	owning = make(map[string]Row, len(targetKeys))
	if len(targetKeys) == 0 {
		return owning, nil
	}
	if err := s.bringInOwners(ctx, tx, targetKeys); err != nil {
		return nil, err
	}
	dialect := s.books.Dialect()
	if err := sqldb.PreferIndexes(ctx, tx, dialect, false); err != nil { // the reverse index may not be there yet
		return nil, err
	}
	defer func() {
		if err == nil {
			err = sqldb.PreferIndexes(ctx, tx, dialect, true)
		}
	}()
	relation, args := s.keyRelation(targetKeys)
	err = sqldb.Each(ctx, tx, func(values []record.Value) error {
		row := scanRow(values)
		owning[row.TargetKey] = row
		return nil
	}, fmt.Sprintf("SELECT %s FROM %s %s %s c ON c.target_key = k.c0 AND %s AND c.entity_id = %d",
		rowList, relation, dialect.LookupJoin(), s.books.Table("crosswalk"), s.owning("c."), s.EntityID), args...)
	return owning, err
}
