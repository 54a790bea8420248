package ledger

import (
	"context"

	"landfall/internal/sqldb"
)

// OpenWithoutKey counts the entity's open records, of the runs that Open looks
// at, that have no key: no retry finds them again.
func (l *Ledger) OpenWithoutKey(ctx context.Context, tx sqldb.Tx, run *Run, entityID int64) (int64, error) {
	runs, err := l.Runs(ctx, tx, run.Migration)
	if err != nil {
		return 0, err
	}
	from, to := retried(run, runs)
	row, _, err := l.books.One(ctx, tx, `SELECT count(*) FROM {entry} e WHERE e.entity_id = ? AND e.run_id >= ? AND e.run_id <= ?
  AND e.source_key = '' AND e.disposition IN ('failed', 'blocked', 'unknown')`, entityID, from, to)
	if err != nil {
		return 0, err
	}
	return row[0].Int(), nil
}
