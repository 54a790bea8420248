package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"landfall/internal/sqldb"
)

// busyTimeout is how long a statement waits for another connection's lock.
const busyTimeout = 10 * time.Second

// database is one connection.
type database struct {
	engine  *engine
	path    string
	dialect dialect
}

// Open opens the file that the URL names: sqlite:path, sqlite://path or a bare
// path, relative to dir. The file must exist: a mistyped name must not become
// an empty database.
func Open(ctx context.Context, url, dir string, readOnly bool) (sqldb.DB, error) {
	return open(ctx, url, dir, readOnly, 32<<10)
}

// OpenBooks opens a file of Make as Open does, for one of many connections: those
// that wait for an API's answers would hold pages of the file that nobody needs
// meanwhile.
func OpenBooks(ctx context.Context, path string) (sqldb.DB, error) {
	return open(ctx, path, "", false, 4<<10)
}

// open has the connection keep at most so many kilobytes of the file in memory.
func open(ctx context.Context, url, dir string, readOnly bool, cache int) (sqldb.DB, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filePath(url, dir)
	if err != nil {
		return nil, err
	}
	e, err := openEngine(path, readOnly)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db := &database{engine: e, path: path}
	// The journal mode stays as found: it is part of the file, and other
	// programs rely on it.
	for _, pragma := range []string{
		"PRAGMA foreign_keys = ON",
		fmt.Sprintf("PRAGMA cache_size = -%d", cache),
		"SELECT count(*) FROM sqlite_schema", // the first read finds out that a file is no database
	} {
		if _, err := db.exec(ctx, pragma, nil); err != nil {
			e.close()
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
	}
	return db, nil
}

func filePath(url, dir string) (string, error) {
	path := url
	for _, prefix := range []string{"sqlite://", "sqlite:"} {
		if rest, found := strings.CutPrefix(url, prefix); found {
			path = rest
			break
		}
	}
	if path == "" {
		return "", errors.New("the connection's url names no file; expected sqlite:path/to/file.db")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("there is no SQLite file %s: %w", path, os.ErrNotExist)
	case err != nil:
		return "", err
	case info.IsDir():
		return "", fmt.Errorf("%s is a folder, not an SQLite file", path)
	}
	return path, nil
}

// Dialect spells SQLite's SQL.
func (db *database) Dialect() sqldb.Dialect { return db.dialect }

// Identity is the file's absolute path.
func (db *database) Identity() string { return db.path }

// Close ends the connection.
func (db *database) Close(context.Context) error {
	db.engine.close()
	return nil
}
