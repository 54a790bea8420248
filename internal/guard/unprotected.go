package guard

import (
	"context"
	"fmt"

	"landfall/internal/sqldb"
)

// openUnprotected lets work into a target whose connection does not call it
// production, unless the database itself knows better: somebody has armed it as
// production, here or where it was copied from, and nobody has released it.
func (g *Gate) openUnprotected(ctx context.Context, db sqldb.DB, able bool) error {
	if !able {
		return nil
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	m, err := g.readMode(ctx, tx, "")
	tx.Rollback(context.WithoutCancel(ctx))
	if err != nil || m.Identity == "" {
		return err
	}
	return g.noteRefusal(ctx, db, g.isProduction(m))
}

// isProduction refuses a database with an identity. A place alone does not tell
// a copy from the production target itself: that has more addresses than one.
func (g *Gate) isProduction(m *Mode) *Refusal {
	if !m.Clone() {
		return &Refusal{CodeProduction, fmt.Sprintf(
			"the %s of connection %s is the production target %s, and the connection does not say so: give it `environment: production`, and arm it", m.Here.Kind(), g.rules.Connection, m.Phrase())}
	}
	if m.Here.API != "" {
		return &Refusal{CodeProduction, fmt.Sprintf(
			"connection %s: %s: it is that target by another address, or the books were copied from it. Give the connection `environment: production` and arm it; if this API is no production, give it books of its own, or say so once by `landfall guard release --target %[1]s`",
			g.rules.Connection, m.carries("the production target "))}
	}
	return &Refusal{CodeProduction, fmt.Sprintf(
		"the database of connection %s is %s and carries the identity of the production target %s: it is that target by another address, or a copy of it. Give the connection `environment: production` and arm it; if it is a copy that is no production, say so once by `landfall guard release --target %s`",
		g.rules.Connection, m.Here, m.Recorded.Identity(m.Identity), g.rules.Connection)}
}

// admitUnprotected is openUnprotected for the transaction that starts a run: who
// arms looks for leases once it has the guard's row, and this looks at the row
// once it has its lease, so one of them sees the other.
func (g *Gate) admitUnprotected(ctx context.Context, tx sqldb.Tx) error {
	_, found, err := g.books.One(ctx, tx, "SELECT id FROM {guard} WHERE id = 1 AND identity <> ''")
	if err != nil {
		return fmt.Errorf("reading the guard: %w", err)
	}
	if !found {
		return nil
	}
	m, err := g.readMode(ctx, tx, "")
	if err != nil {
		return err
	}
	return g.isProduction(m)
}
