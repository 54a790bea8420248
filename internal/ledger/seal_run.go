package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// The columns that a run's seal covers: all that is settled when the run
// completes. Its state may change later, as when the run is rolled back.
const (
	sealedRun    = "id, name, migration, mode, parent_id, actor, host, mapping_hash, mapping, options, started_at"
	sealedEntity = "entity_id, place, header, input, origin"
	sealedSlice  = "entity_id, slice_no, name, count, bytes, seal"
)

// RunSeal computes the seal of a run: SHA-256 over the run, its entities and
// their slices with the seals of those, row by row and cell by cell.
func (l *Ledger) RunSeal(ctx context.Context, tx sqldb.Tx, runID int64) ([]byte, error) {
	sum := sha256.New()
	var buf []byte
	for _, query := range []string{
		"SELECT " + sealedRun + " FROM {run} WHERE id = ?",
		"SELECT " + sealedEntity + " FROM {run_entity} WHERE run_id = ? ORDER BY place, entity_id",
		"SELECT " + sealedSlice + " FROM {slice} WHERE run_id = ? ORDER BY entity_id, slice_no",
	} {
		rows := 0
		err := l.books.Query(ctx, tx, func(row []record.Value) error {
			rows++
			buf = buf[:0]
			for _, cell := range row {
				buf = cell.AppendBinary(buf)
			}
			sum.Write(buf)
			return nil
		}, query, runID)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(sum, "%d\n", rows) // so that no row passes for one of the next table
	}
	return sum.Sum(nil), nil
}

// sealRun keeps the run's seal.
func (l *Ledger) sealRun(ctx context.Context, tx sqldb.Tx, runID int64) error {
	seal, err := l.RunSeal(ctx, tx, runID)
	if err != nil {
		return err
	}
	_, err = l.books.Exec(ctx, tx, "UPDATE {run} SET seal = ? WHERE id = ?", seal, runID)
	return err
}
