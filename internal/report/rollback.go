package report

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// RollbackFiles writes the files of a rollback into dir/<run>: report.json, and
// for each entity what was reversed and what was not, and why. It returns the
// folder.
func RollbackFiles(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, s *Summary, run *ledger.Run, files Files) (string, error) {
	dir := filepath.Join(files.Dir, run.Name)
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return dir, err
	}
	for _, entity := range entities {
		if err := reversedFiles(ctx, tx, l, run.ID, &entity, filepath.Join(dir, entity.Name)); err != nil {
			return dir, fmt.Errorf("writing the files of %s: %w", entity.Name, err)
		}
	}
	out, err := s.JSON()
	if err != nil {
		return dir, err
	}
	return dir, whole(File(files.Dir, run.Name), openMode, func(w io.Writer) error {
		_, err := w.Write(out)
		return err
	})
}

func reversedFiles(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runID int64, entity *ledger.Entity, dir string) error {
	err := table(filepath.Join(dir, "reversed.csv"), openMode, []string{"record", "key", "target_key"}, func(write func(...string) error) error {
		return l.Segments(ctx, tx, runID, entity.ID, func(_ int, line *ledger.Line) error {
			if line.Disposition != record.Reversed {
				return nil
			}
			return write(number(line.Number), line.Key, line.TargetKey)
		})
	})
	if err != nil {
		return err
	}
	header := []string{"record", "key", "target_key", "disposition", "code", "field", "message"}
	return table(filepath.Join(dir, "not_reversed.csv"), openMode, header, func(write func(...string) error) error {
		return l.Entries(ctx, tx, func(t *ledger.Told) error {
			return write(number(t.Number), t.Key, t.TargetKey, string(t.Disposition), string(t.Code), t.Field, t.Message)
		}, "e.run_id = ? AND e.entity_id = ? AND e.disposition IN ('kept', 'blocked', 'failed')", runID, entity.ID)
	})
}
