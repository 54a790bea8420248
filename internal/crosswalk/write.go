package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Insert writes entries of keys that the crosswalk does not know.
func (s *Store) Insert(ctx context.Context, tx sqldb.Tx, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	cells := make([]record.Value, len(rowColumns))
	at := 0
	next := func() []record.Value {
		if at == len(rows) {
			return nil
		}
		s.cells(&rows[at], cells)
		at++
		return cells
	}
	written, err := tx.BulkInsert(ctx, s.books.Name("crosswalk"), rowColumns, next)
	if err == nil && written != int64(len(rows)) {
		err = fmt.Errorf("crosswalk: %d entries sent, %d written", len(rows), written)
	}
	return err
}

// Replace writes entries of keys that the crosswalk knows already, keeping
// their first run. Entries that move to other rows leave the reverse index
// first, since it is checked entry by entry: of two that pass a row on, the new
// owner may be written before the old one.
func (s *Store) Replace(ctx context.Context, tx sqldb.Tx, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	if err := s.keepFormer(ctx, tx, rows); err != nil {
		return err
	}
	if err := s.leave(ctx, tx, rows); err != nil {
		return err
	}
	cells := make([][]record.Value, len(rows))
	for i := range rows {
		cells[i] = make([]record.Value, len(rowColumns))
		s.cells(&rows[i], cells[i])
	}
	relation, args := s.books.Dialect().Relation("k", rowColumns, cells, 1)
	changed, err := tx.Exec(ctx, fmt.Sprintf(`UPDATE %s SET table_id = k.c2, target_key = k.c3, role = k.c4, state = k.c5,
  hash = k.c6, shape_id = k.c7, last_run = k.c9, record_no = k.c10, survivor = k.c11
FROM %s WHERE %[1]s.entity_id = k.c0 AND %[1]s.source_key = k.c1`,
		s.books.Table("crosswalk"), relation), args...)
	if err == nil && changed != int64(len(rows)) {
		err = fmt.Errorf("crosswalk: %d entries to replace, %d replaced", len(rows), changed)
	}
	return err
}

// keepMoving is keepFormer for those that leave their rows before they are
// replaced.
func (s *Store) keepMoving(ctx context.Context, tx sqldb.Tx, rows []Row) error {
	var moving []Row
	for i := range rows {
		if rows[i].Moves {
			moving = append(moving, rows[i])
		}
	}
	return s.keepFormer(ctx, tx, moving)
}

func (s *Store) leave(ctx context.Context, tx sqldb.Tx, rows []Row) error {
	var leaving []string
	for i := range rows {
		if rows[i].Moves {
			leaving = append(leaving, rows[i].SourceKey)
		}
	}
	return s.Mark(ctx, tx, leaving, StateDeleted)
}

// Supersede takes rows from those who own them, of whatever entity, and says
// who that was, by target key. It is for rows that other records have made
// since: the owners' own rows are gone.
func (s *Store) Supersede(ctx context.Context, tx sqldb.Tx, moving []Row, targetKeys []string) (map[string]record.Ref, error) {
	if err := s.keepMoving(ctx, tx, moving); err != nil {
		return nil, err
	}
	if err := s.leave(ctx, tx, moving); err != nil {
		return nil, err
	}
	owners, err := s.Owners(ctx, tx, targetKeys)
	if err != nil || len(owners) == 0 {
		return nil, err
	}
	gone := make([]string, 0, len(owners))
	for key := range owners {
		gone = append(gone, key)
	}
	relation, args := s.keyRelation(gone)
	if s.RunID != 0 {
		err := s.keep(ctx, tx, fmt.Sprintf("%s c WHERE c.target_key IN (SELECT c0 FROM %s) AND %s AND c.first_run <> %d",
			s.books.Table("crosswalk"), relation, s.owning("c."), s.RunID), args)
		if err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("UPDATE %s SET state = '%s' WHERE target_key IN (SELECT c0 FROM %s) AND %s",
		s.books.Table("crosswalk"), string(StateDeleted), relation, s.owning("")), args...)
	return owners, err
}

func (s *Store) cells(row *Row, cells []record.Value) {
	hash := record.Null()
	if row.HasHash {
		hash = row.hashes()
	}
	cells[0] = record.Int(s.EntityID)
	cells[1] = record.Text(row.SourceKey)
	cells[2] = record.Int(s.TableID)
	cells[3] = record.Text(row.TargetKey)
	cells[4] = record.Text(string(row.Role))
	cells[5] = record.Text(string(row.State))
	cells[6] = hash
	cells[7] = record.Int(row.ShapeID)
	cells[8] = record.Int(row.FirstRun)
	cells[9] = record.Int(row.LastRun)
	cells[10] = record.Int(row.RecordNo)
	cells[11] = record.Null()
	if row.Survivor != "" {
		cells[11] = record.Text(row.Survivor)
	}
}
