package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Make makes an empty database file for nobody but this user, and leaves one
// alone that is there. Readers of the new file do not wait for its writer, nor
// the writer for them, and what is committed outlives a loss of power.
func Make(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	db, err := Open(ctx, path, "", false)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	if _, err := db.(*database).exec(ctx, "PRAGMA journal_mode = WAL", nil); err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	return nil
}
