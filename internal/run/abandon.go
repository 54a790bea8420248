package run

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Abandon gives up an unfinished run. It takes the lease to do so, so a run
// that is still going on cannot be abandoned under its feet.
func Abandon(ctx context.Context, db sqldb.DB, migration, name string) error {
	b, err := books.New(db.Dialect())
	if err != nil {
		return err
	}
	l := ledger.New(b)
	return sqldb.InTx(ctx, db, func(tx sqldb.Tx) error {
		lease, err := TakeLease(ctx, tx, b, migration)
		if err != nil {
			return err
		}
		runs, err := l.Runs(ctx, tx, migration)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if run.Name != name {
				continue
			}
			if !run.State.Resumable() {
				return fmt.Errorf("%w: run %s is %s already", ErrUnknownRun, name, run.State)
			}
			if err := l.SetState(ctx, tx, run.ID, ledger.Abandoned, run.Error); err != nil {
				return err
			}
			if err := halfUndone(ctx, tx, l, run); err != nil {
				return err
			}
			if err := crosswalk.ForgetPending(ctx, tx, b, run.ID); err != nil {
				return err
			}
			if err := noteAbandoned(ctx, tx, b, run); err != nil {
				return err
			}
			return lease.Release(ctx, tx)
		}
		return fmt.Errorf("%w: no run %s of migration %s", ErrUnknownRun, name, migration)
	})
}

// noteAbandoned tells the audit of a guarded target. It need not be armed: only
// what the books say of the run changes.
func noteAbandoned(ctx context.Context, tx sqldb.Tx, b *books.Books, run *ledger.Run) error {
	actor, host := HolderName()
	return guard.NoteGuarded(ctx, tx, b, guard.Event{
		Actor: actor, Host: host, Command: "abandon", Event: guard.EventAbandoned, Migration: run.Migration, Run: run.Name,
	})
}

// halfUndone notes of a run whose rollback is given up that it was undone in
// part, if it was.
func halfUndone(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, given *ledger.Run) error {
	if given.Mode != ledger.ModeRollback {
		return nil
	}
	entities, err := l.Entities(ctx, tx, given.ID)
	if err != nil {
		return err
	}
	for _, entity := range entities {
		counts, _, err := l.Counts(ctx, tx, given.ID, entity.ID)
		if err != nil {
			return err
		}
		if counts[record.Reversed] > 0 {
			return l.Turn(ctx, tx, given.ParentID, ledger.PartlyRolledBack)
		}
	}
	return nil
}
