package guard

import (
	"context"
	"errors"
	"strings"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// OpenForIndexes refuses, before a run starts, the steps around loads that the
// mapping asks for by its keys, where the target is protected and no window that
// holds now allows them: people work with its tables meanwhile.
func (g *Gate) OpenForIndexes(ctx context.Context, db sqldb.DB, asked []string) error {
	if !g.Protects() {
		return nil
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	err = g.Allows(ctx, tx, mapping.AllowIndexes)
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	if err := tx.Rollback(ctx); err != nil {
		return err
	}
	return g.Refuse(ctx, db, refusal.Code, strings.Join(asked, ", ")+": "+refusal.Text)
}

// Refuse notes a refusal of something that only whoever asks can judge, and
// returns it.
func (g *Gate) Refuse(ctx context.Context, db sqldb.DB, code Code, text string) error {
	refusal := &Refusal{code, text}
	if !g.Protects() {
		return refusal
	}
	switch able, err := guarded(ctx, db); {
	case err != nil:
		return errors.Join(refusal, err)
	case !able:
		return g.refuseUnbooked(refusal)
	}
	return g.noteRefusal(ctx, db, refusal)
}
