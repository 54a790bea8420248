package guard

import (
	"context"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// Where tells which target this is: where it is, and the id that is kept in its
// books, or "" where none was ever recorded. It only reads.
func Where(ctx context.Context, db sqldb.DB) (Place, string, error) {
	able, err := guarded(ctx, db)
	if err != nil {
		return Place{}, "", err
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return Place{}, "", err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	place, err := placeOf(ctx, tx, db.Dialect(), sqldb.APIOf(db))
	if err != nil || !able {
		return place, "", err
	}
	b, err := books.New(db.Dialect())
	if err != nil {
		return place, "", err
	}
	row, found, err := b.One(ctx, tx, "SELECT identity FROM {guard} WHERE id = 1")
	if err != nil || !found {
		return place, "", err
	}
	return place, row[0].String(), nil
}
