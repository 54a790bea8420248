package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"landfall/internal/sqldb"
)

// Scratch makes an empty database in a folder, for what nobody needs after a
// crash: it waits for no disk.
func Scratch(ctx context.Context, dir string) (sqldb.DB, error) {
	path := filepath.Join(dir, "scratch.db")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("a place for scratch work: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	db, err := Open(ctx, path, "", false)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []string{"PRAGMA synchronous = OFF", "PRAGMA foreign_keys = OFF", "PRAGMA temp_store = FILE", "PRAGMA cache_size = -8192"} {
		if _, err := db.(*database).exec(ctx, pragma, nil); err != nil {
			db.Close(ctx)
			return nil, err
		}
	}
	return db, nil
}
