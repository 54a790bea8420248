package ledger

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Batches lists the markers of an entity's part in a run, in the order of slices
// and ordinals; corrections are none.
func (l *Ledger) Batches(ctx context.Context, tx sqldb.Tx, runID, entityID int64) ([]*Marker, error) {
	var markers []*Marker
	err := l.markers(ctx, tx, func(m *Marker) error {
		markers = append(markers, m)
		return nil
	}, "run_id = ? AND entity_id = ? AND slice_no < ?", runID, entityID, int64(Corrections))
	return markers, err
}

// NextOrdinal is the ordinal of the next batch of a slice to which batches are
// added one after another. The slice is written down with its first one.
func (l *Ledger) NextOrdinal(ctx context.Context, tx sqldb.Tx, runID, entityID int64, slice int, name string) (int64, error) {
	row, _, err := l.books.One(ctx, tx, "SELECT coalesce(max(ordinal), -1) + 1 FROM {marker} WHERE run_id = ? AND entity_id = ? AND slice_no = ?",
		runID, entityID, int64(slice))
	if err != nil || row[0].Int() > 0 {
		return row[0].Int(), err
	}
	_, err = l.books.Exec(ctx, tx, "INSERT INTO {slice} (run_id, entity_id, slice_no, name, count, bytes) VALUES (?, ?, ?, ?, -1, 0) ON CONFLICT DO NOTHING",
		runID, entityID, int64(slice), name)
	return 0, err
}

// NameOf is the name of the run with the number; empty when there is none.
func (l *Ledger) NameOf(ctx context.Context, tx sqldb.Tx, runID int64) (string, error) {
	row, found, err := l.books.One(ctx, tx, "SELECT name FROM {run} WHERE id = ?", runID)
	if err != nil || !found {
		return "", err
	}
	return row[0].String(), nil
}

// RollbacksOf names the rollbacks of the run with the number, oldest first.
func (l *Ledger) RollbacksOf(ctx context.Context, tx sqldb.Tx, runID int64) ([]string, error) {
	var names []string
	err := l.books.Query(ctx, tx, func(row []record.Value) error {
		names = append(names, row[0].String())
		return nil
	}, "SELECT name FROM {run} WHERE parent_id = ? AND mode = ? ORDER BY id", runID, ModeRollback)
	return names, err
}

// Turn notes what became of an ended run later; when it ended stays.
func (l *Ledger) Turn(ctx context.Context, tx sqldb.Tx, runID int64, state State) error {
	_, err := l.books.Exec(ctx, tx, "UPDATE {run} SET state = ? WHERE id = ?", string(state), runID)
	return err
}
