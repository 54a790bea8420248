package books

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Living lists who holds leases that have not run out, of whatever migration.
func (b *Books) Living(ctx context.Context, tx sqldb.Tx) ([]Holder, error) {
	var living []Holder
	err := b.Query(ctx, tx, func(row []record.Value) error {
		living = append(living, Holder{
			Migration: row[0].String(), Name: row[1].String(), Process: row[2].String(), Run: row[3].String(),
			AcquiredAt: row[4].String(), ExpiresAt: row[5].String(),
		})
		return nil
	}, "SELECT migration, holder, process, run_name, acquired_at, expires_at FROM {lease} WHERE holder IS NOT NULL AND expires_at > "+b.Now(0)+" ORDER BY migration")
	if err != nil {
		return nil, fmt.Errorf("reading the leases: %w", err)
	}
	return living, nil
}

// Fence takes all leases from their holders: one who was cut off and whose lease
// has run out since must not go on as if nothing had happened.
func (b *Books) Fence(ctx context.Context, tx sqldb.Tx) error {
	if _, err := b.Exec(ctx, tx, "UPDATE {lease} SET epoch = epoch + 1, holder = NULL, process = NULL, run_name = NULL, expires_at = NULL"); err != nil {
		return fmt.Errorf("taking the leases away: %w", err)
	}
	return nil
}

// AwaitBatches waits until the transactions have ended that had checked their
// leases. It must be the first step of its own.
func (b *Books) AwaitBatches(ctx context.Context, tx sqldb.Tx) error {
	return b.Query(ctx, tx, func([]record.Value) error { return nil }, "SELECT migration FROM {lease} ORDER BY migration"+b.dialect.LockRows())
}
