package guard

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/sqldb"
)

// Release says of a database that carries the identity of a production target
// that it is none: it takes the identity out, so that connections that do not
// call it production are let in. What was typed must be what Mode.Phrase tells.
// It returns what the database carried; where that was nothing, nothing is done.
func (g *Gate) Release(ctx context.Context, db sqldb.DB, typed, reason string) (was *Mode, err error) {
	able, err := guarded(ctx, db)
	if err != nil || !able {
		return &Mode{}, err
	}
	var refusal *Refusal
	err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) (err error) {
		if was, err = g.lockMode(ctx, tx); err != nil || was.Identity == "" {
			return err
		}
		switch {
		case strings.TrimSpace(typed) != was.Phrase():
			refusal = g.wrongIdentity(was)
		case was.Open():
			refusal = &Refusal{CodeProduction, fmt.Sprintf("the target is armed for migration %s by %s until %s, so it is production: disarm it first", was.Migration, was.ArmedBy, was.Expires.Format(stamp))}
		}
		if refusal != nil {
			return nil
		}
		_, err = g.books.Exec(ctx, tx, `UPDATE {guard} SET identity = '', place = '', recorded_at = '', state = ?, disarmed_by = ?, disarmed_at = ?, disarm_reason = ? WHERE id = 1`,
			disarmed, g.who.Actor+"@"+g.who.Host, was.Now.Format(stamp), "released: "+reason)
		if err != nil {
			return fmt.Errorf("releasing: %w", err)
		}
		e := g.event(EventReleased)
		e.Reason = reason
		e.Message = fmt.Sprintf("carried the identity of %s, is %s and no production target", was.Recorded.Identity(was.Identity), was.Here)
		return Note(ctx, tx, g.books, e)
	})
	if err == nil && refusal != nil {
		err = g.noteRefusal(ctx, db, refusal)
	}
	return was, err
}
