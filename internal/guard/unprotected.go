package guard

import (
	"context"
	"fmt"

	"landfall/internal/sqldb"
)

// openUnprotected lets work into a target whose connection does not call it
// production, unless the database itself knows better: somebody has armed it as
// production where it is. A copy of such a database is no production.
func (g *Gate) openUnprotected(ctx context.Context, db sqldb.DB, able bool) error {
	if !able {
		return nil
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	m, err := readMode(ctx, tx, g.books, g.who.Clock, "")
	tx.Rollback(context.WithoutCancel(ctx))
	if err != nil || m.Identity == "" || m.Clone() {
		return err
	}
	return g.noteRefusal(ctx, db, &Refusal{CodeProduction, fmt.Sprintf(
		"the database of connection %s is the production target %s, and the connection does not say so: give it `environment: production`, and arm it", g.rules.Connection, m.Phrase())})
}
