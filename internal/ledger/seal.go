package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"

	"landfall/internal/sqldb"
)

// Seal closes a slice: it chains the links of all its batches in their order,
// whatever order lanes landed them in, and keeps the last of the chain. It
// returns an error when an ordinal is missing.
//
// The chain is c(0) = SHA-256(link(0)), c(n) = SHA-256(c(n-1) + link(n)); the
// seal of a slice without batches is SHA-256 of nothing.
func (l *Ledger) Seal(ctx context.Context, tx sqldb.Tx, runID, entityID int64, slice int) ([]byte, error) {
	seal, err := l.chain(ctx, tx, runID, entityID, slice)
	if err != nil {
		return nil, err
	}
	_, err = l.books.Exec(ctx, tx, "UPDATE {slice} SET seal = ? WHERE run_id = ? AND entity_id = ? AND slice_no = ?", seal, runID, entityID, int64(slice))
	return seal, err
}

func (l *Ledger) chain(ctx context.Context, tx sqldb.Tx, runID, entityID int64, slice int) ([]byte, error) {
	next := int64(0)
	var last []byte
	err := l.Markers(ctx, tx, runID, entityID, slice, func(m *Marker) error {
		if m.Ordinal != next {
			return fmt.Errorf("batch %d of slice %d has no marker", next, slice)
		}
		next++
		sum := sha256.Sum256(append(last, m.Link...))
		last = sum[:]
		return nil
	})
	if last == nil {
		sum := sha256.Sum256(nil)
		last = sum[:]
	}
	return last, err
}
