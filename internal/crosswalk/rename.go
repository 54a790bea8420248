package crosswalk

import (
	"context"
	"errors"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// ErrNameTaken says that the books know two entities, of which one was to take
// the other's name.
var ErrNameTaken = errors.New("the books know an entity of that name already")

// Rename gives an entity another name, with all that the books know of it. It
// does nothing when there is no entity of the old name: then it was renamed
// before, or never landed.
func Rename(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, from, to string) error {
	id, err := EntityID(ctx, tx, b, migration, from, false)
	if err != nil || id == 0 {
		return err
	}
	taken, err := EntityID(ctx, tx, b, migration, to, false)
	if err != nil {
		return err
	}
	if taken != 0 {
		return ErrNameTaken
	}
	_, err = b.Exec(ctx, tx, "UPDATE {entity} SET name = ? WHERE id = ?", to, id)
	return err
}
