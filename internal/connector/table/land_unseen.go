package table

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Snapshot is what the transaction's snapshot sees of the table, for Unseen;
// empty where the database keeps no account of it.
func (l *Lander) Snapshot(ctx context.Context, tx sqldb.Tx) (snapshot string, err error) {
	snapshots, ok := l.dialect.(sqldb.Snapshots)
	if !ok {
		return "", nil
	}
	query := snapshots.SnapshotSQL(l.table)
	if query == "" {
		return "", nil
	}
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		snapshot = rows.Values()[0].String()
	}
	return snapshot, rows.Err()
}

// Unseen is the condition that a row of the table was committed, as it is, after
// a snapshot was taken.
type Unseen string

// Unseen is what the snapshot did not see. With a mark, of the rows whose
// transactions began after it only those count that have a key above the mark.
func (l *Lander) Unseen(snapshot string, mark *int64) (Unseen, error) {
	snapshots, ok := l.dialect.(sqldb.Snapshots)
	if !ok {
		return "", fmt.Errorf("%s: this database keeps no account of snapshots", l.table.Name)
	}
	late := ""
	if mark != nil {
		late = fmt.Sprintf("t.%s > %d", l.dialect.Quote(l.key[0].Name), *mark)
	}
	condition, err := snapshots.Unseen("t", snapshot, late)
	return Unseen(condition), err
}

// FingerprintAllUnseen is the fingerprint of all rows that were not seen.
func (l *Lander) FingerprintAllUnseen(ctx context.Context, tx sqldb.Tx, unseen Unseen) (record.Fingerprint, error) {
	return l.fingerprint(ctx, tx, l.dialect.QuoteName(l.table.Name)+" t WHERE "+string(unseen), nil)
}

// FingerprintUnseen is the fingerprint of those rows that have one of the keys
// and were not seen.
func (l *Lander) FingerprintUnseen(ctx context.Context, tx sqldb.Tx, unseen Unseen, keys [][]record.Value) (record.Fingerprint, error) {
	if keys = distinct(keys); len(keys) == 0 {
		return record.Fingerprint{}, nil
	}
	from, args := l.keyed(keys)
	return l.fingerprint(ctx, tx, from+" WHERE "+string(unseen), args)
}
