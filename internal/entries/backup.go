package entries

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/guard"
	"landfall/internal/sqldb"
)

// Told hears how far something is, now and then: so many entries of all, or of
// an unknown number where all is -1.
type Told func(done, all int64)

// Backup writes the migration's crosswalk to a file that is not there yet, as
// one snapshot shows it. The file appears under its name when it is whole and on
// disk, and only its owner may read it.
func Backup(ctx context.Context, db sqldb.DB, b *books.Books, migration, path string, told Told) (header *crosswalk.BackupHeader, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, inputf("%s is there already: a backup replaces no file; name another one", path)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".landfall-backup-*") // readable by its owner alone
	if err != nil {
		return nil, Unreadable(err)
	}
	defer os.Remove(file.Name())
	place, id, err := guard.Where(ctx, db)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	origin := crosswalk.BackupOrigin{Target: db.Identity(), Place: crosswalk.BackupPlace(place), Identity: id}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	buffered := bufio.NewWriterSize(file, 1<<16)
	header, err = crosswalk.WriteBackup(ctx, tx, b, migration, origin, buffered, told)
	if err := errors.Join(err, buffered.Flush(), file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return nil, err
	}
	return header, syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}
