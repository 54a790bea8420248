package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Each hands every entry of the entity to each, in no order.
func (s *Store) Each(ctx context.Context, tx sqldb.Tx, each func(*Row) error) error {
	return sqldb.Each(ctx, tx, func(values []record.Value) error {
		row := scanRow(values)
		return each(&row)
	}, fmt.Sprintf("SELECT %s FROM %s c WHERE c.entity_id = %d", rowList, s.books.Table("crosswalk"), s.EntityID))
}

// Made lists entries of records whose rows the run made, those after a source key,
// at most so many, in the order of their keys.
func (s *Store) Made(ctx context.Context, tx sqldb.Tx, runID int64, after string, most int) ([]Row, error) {
	var made []Row
	err := s.books.Query(ctx, tx, func(values []record.Value) error {
		made = append(made, scanRow(values))
		return nil
	}, fmt.Sprintf("SELECT %s FROM {crosswalk} c WHERE c.entity_id = ? AND c.source_key > ? AND c.last_run = ? AND c.role = 'c' AND c.state IN ('l', 'p') ORDER BY c.source_key LIMIT %d", rowList, most),
		s.EntityID, after, runID)
	return made, err
}

// CountOnTarget is how many entries of the entity are on the target.
func (s *Store) CountOnTarget(ctx context.Context, tx sqldb.Tx) (int64, error) {
	return s.count(ctx, tx, fmt.Sprintf("entity_id = %d AND state IN ('l', 'p')", s.EntityID))
}

// CountOwned is how many rows of the table are owned by the entity's records,
// and by records of whatever entity.
func (s *Store) CountOwned(ctx context.Context, tx sqldb.Tx) (own, all int64, err error) {
	if own, err = s.count(ctx, tx, fmt.Sprintf("%s AND entity_id = %d", s.owning(""), s.EntityID)); err != nil {
		return 0, 0, err
	}
	all, err = s.count(ctx, tx, s.owning(""))
	return own, all, err
}

func (s *Store) count(ctx context.Context, tx sqldb.Tx, where string) (int64, error) {
	row, _, err := s.books.One(ctx, tx, "SELECT count(*) FROM {crosswalk} WHERE "+where)
	if err != nil {
		return 0, err
	}
	return row[0].Int(), nil
}

// LowestMade is the lowest of the numbers that are keys of rows which runs have
// made for the entity; false where there is none.
func (s *Store) LowestMade(ctx context.Context, tx sqldb.Tx) (int64, bool, error) {
	row, _, err := s.books.One(ctx, tx, fmt.Sprintf("SELECT min(CAST(target_key AS BIGINT)) FROM {crosswalk} WHERE entity_id = %d AND role = 'c'", s.EntityID))
	if err != nil || row[0].IsNull() {
		return 0, false, err
	}
	return row[0].Int(), true, nil
}

// LowestMadeBy is LowestMade for the rows that a run made.
func (s *Store) LowestMadeBy(ctx context.Context, tx sqldb.Tx, runID int64) (int64, bool, error) {
	row, _, err := s.books.One(ctx, tx, fmt.Sprintf("SELECT min(CAST(target_key AS BIGINT)) FROM {crosswalk} WHERE entity_id = %d AND first_run = %d AND role = 'c'", s.EntityID, runID))
	if err != nil || row[0].IsNull() {
		return 0, false, err
	}
	return row[0].Int(), true, nil
}

// Nobodys is the condition that no record has the row of the table whose key, as
// text, is given.
func (s *Store) Nobodys(key string) string {
	return fmt.Sprintf("NOT EXISTS (SELECT 1 FROM %s c WHERE c.target_key = %s AND %s) AND NOT EXISTS (SELECT 1 FROM %[1]s c WHERE c.target_key = %[2]s AND %[4]s)",
		s.books.Table("crosswalk"), key, s.owning("c."), s.sharing("c."))
}
