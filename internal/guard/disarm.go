package guard

import (
	"context"
	"errors"
	"fmt"

	"landfall/internal/sqldb"
)

// Disarm closes the target. When it returns, nothing that was let in writes any
// more. It tells what the target was. While indexes are away that a run took, it
// is a *Refusal, and the target stays as it was.
func (g *Gate) Disarm(ctx context.Context, db sqldb.DB, reason string) (was *Mode, err error) {
	able, err := guarded(ctx, db)
	if err != nil || !able {
		return nil, err
	}
	err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) error {
		// The row is not locked against transactions that write: no new one gets in
		// behind this one, so those that did are waited for below.
		if was, err = g.readMode(ctx, tx, ""); err != nil || !was.Armed {
			return err
		}
		if _, err := disarm(ctx, tx, g.books, was.Now, g.who.Actor+"@"+g.who.Host, reason); err != nil {
			return err
		}
		if open, err := indexesOpen(ctx, tx, g.books); err != nil || open != "" {
			return errors.Join(err, stillAway(open))
		}
		e := g.event(EventDisarmed)
		e.PlanHash, e.Reason = was.PlanHash, reason
		return Note(ctx, tx, g.books, e)
	})
	away := ""
	if err == nil && was.Armed {
		err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) (err error) {
			away, err = g.closed(ctx, tx, was)
			return err
		})
	}
	if err == nil && away != "" {
		err = stillAway(away)
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		err = g.noteRefusal(ctx, db, refusal)
	}
	return was, err
}

// closed waits for the transactions that were let in. Where one of them has
// taken indexes, which it tells, the target is opened again as it was: whoever
// is to make them again must get in.
func (g *Gate) closed(ctx context.Context, tx sqldb.Tx, was *Mode) (string, error) {
	now, err := g.lockMode(ctx, tx)
	if err != nil {
		return "", err
	}
	away, err := indexesOpen(ctx, tx, g.books)
	if err != nil || away == "" || now.Armed || now.Identity == "" {
		return "", err
	}
	_, err = g.books.Exec(ctx, tx, "UPDATE {guard} SET state = ?, disarmed_by = NULL, disarmed_at = NULL, disarm_reason = NULL WHERE id = 1", armed)
	if err != nil {
		return "", fmt.Errorf("arming again: %w", err)
	}
	e := g.event(EventArmed)
	e.PlanHash = was.PlanHash
	e.Message = fmt.Sprintf("again, since indexes were taken meanwhile: %s until %s", was.Here.Identity(was.Identity), was.Expires.Format(stamp))
	return away, Note(ctx, tx, g.books, e)
}

// stillAway keeps a person from closing a target as long as indexes of it are
// away: whoever works with it afterwards would miss them.
func stillAway(indexes string) error {
	if indexes == "" {
		return nil
	}
	return &Refusal{CodeIndexesOpen, fmt.Sprintf("indexes that were taken around a load are not there again: %s. `landfall indexes rebuild` makes them again; a run that is under way does so when it ends or is interrupted. Then disarm", indexes)}
}
