package report

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// Files says where the files of runs go, and what they show.
type Files struct {
	Dir         string
	ShowPrivate bool // the cells of rejected records are not masked
}

// Artefacts writes the files of a run into dir/<run>: report.json, and for
// each entity what landed, what did not, and what can be loaded again. All of
// it comes from the books, so the files are the same however often the run was
// broken off. It returns the folder.
func Artefacts(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, m *migration.Migration, s *Summary, run *ledger.Run, files Files) (string, error) {
	dir := filepath.Join(files.Dir, run.Name)
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return dir, err
	}
	veils := NewVeils(m.File, []*ledger.Run{run})
	for _, entity := range entities {
		if err := entityFiles(ctx, tx, l, m.Entity(entity.Name), run, &entity, veils.Of(entity.Name, run), files.ShowPrivate, filepath.Join(dir, entity.Name)); err != nil {
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

// File is where the report of a run is. It is written last: where it is, all
// files of the run are.
func File(dir, run string) string { return filepath.Join(dir, run, "report.json") }

// Told reports whether a run's files are there and tell of the state in which it
// is: those of an earlier end of a run that was resumed do not.
func Told(dir string, run *ledger.Run) bool {
	text, err := os.ReadFile(File(dir, run.Name))
	var told struct {
		State ledger.State `json:"state"`
	}
	return err == nil && json.Unmarshal(text, &told) == nil && told.State == run.State
}

// Files are for everybody on the machine, unless they hold what is private.
const (
	openMode   fs.FileMode = 0o644
	closedMode fs.FileMode = 0o600
)

// Writable says why a file could not be written at the end of long work, or
// returns nil where it can. Folders on the way to it are made.
func Writable(path string) error {
	if stat, err := os.Stat(path); err == nil && stat.IsDir() {
		return fmt.Errorf("%s is a folder", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".landfall-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// whole writes a file under another name and renames it when it is complete,
// so that no reader meets half a file.
func whole(path string, mode fs.FileMode, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".landfall-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	buffered := bufio.NewWriterSize(file, 1<<16)
	err = errors.Join(write(buffered), buffered.Flush(), file.Chmod(mode), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func entityFiles(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, e *migration.Entity, run *ledger.Run, stored *ledger.Entity, veil *Veil, showPrivate bool, dir string) error {
	if err := landedFiles(ctx, tx, l, run, stored, dir); err != nil {
		return err
	}
	mode := openMode
	if showPrivate && privateIn(stored, veil) {
		mode = closedMode
	}
	header := append([]string{"record", "line", "key", "disposition", "step", "field", "code", "message"}, stored.Header...)
	for name, known := range map[string]bool{"fail.csv": false, "update_fail.csv": true} {
		err := table(filepath.Join(dir, name), mode, header, func(write func(...string) error) error {
			return rejected(ctx, tx, l, run.ID, stored.ID, func(told *ledger.Told, cells []string) error {
				if (told.TargetKey != "") != known {
					return nil
				}
				if !showPrivate {
					cells = veilSource(stored.Header, cells, veil.Read(told.Code))
				}
				return write(append([]string{
					number(told.Number), number(told.Line), told.Key, string(told.Disposition),
					string(told.Step), told.Field, string(told.Code), told.Message,
				}, cells...)...)
			})
		})
		if err != nil {
			return err
		}
	}
	return retryFile(ctx, tx, l, e, run, stored, veil, filepath.Join(dir, "retry.csv"))
}

// landedFiles lists what was created and what was updated, in one walk over all
// records.
func landedFiles(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, stored *ledger.Entity, dir string) error {
	header := []string{"record", "line", "key", "target_key"}
	return table(filepath.Join(dir, "success.csv"), openMode, header, func(created func(...string) error) error {
		return table(filepath.Join(dir, "update_success.csv"), openMode, header, func(updated func(...string) error) error {
			return l.Segments(ctx, tx, run.ID, stored.ID, func(_ int, line *ledger.Line) error {
				write := updated
				switch line.Disposition {
				case record.Created:
					write = created
				case record.Updated:
				default:
					return nil
				}
				return write(number(line.Number), number(line.Line), line.Key, line.TargetKey)
			})
		})
	})
}

// table writes a CSV file with LF line ends.
func table(path string, mode fs.FileMode, header []string, rows func(write func(...string) error) error) error {
	return whole(path, mode, func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write(header); err != nil {
			return err
		}
		err := rows(func(cells ...string) error { return out.Write(cells) })
		out.Flush()
		return errors.Join(err, out.Error())
	})
}

// rejected hands every record that did not land to each, with the cells that
// were read.
func rejected(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runID, entityID int64, each func(*ledger.Told, []string) error) error {
	return l.Entries(ctx, tx, func(told *ledger.Told) error {
		cells, err := cellTexts(told.Source)
		if err != nil {
			return err
		}
		return each(told, cells)
	}, "e.run_id = ? AND e.entity_id = ? AND e.disposition IN ('failed', 'blocked', 'unknown')", runID, entityID)
}

// cellTexts are the cells of a record as it was read; NULL is the empty text.
func cellTexts(source string) ([]string, error) {
	cells, err := ledger.DecodeCells(source)
	texts := make([]string, len(cells))
	for i, cell := range cells {
		if cell != nil {
			texts[i] = *cell
		}
	}
	return texts, err
}

// retryFile writes the records that a retry would run again, in the input's own
// form. A record whose key an earlier one of the input holds is left out:
// loaded from a file of its own it would pass for a change of that one. No file
// is written, and an older one is removed, when there is nothing to retry.
func retryFile(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, e *migration.Entity, run *ledger.Run, stored *ledger.Entity, veil *Veil, path string) error {
	rows := 0
	written := map[string]bool{}
	mode := openMode
	if privateIn(stored, veil) {
		mode = closedMode // it must be loadable, so nothing in it is masked
	}
	err := whole(path, mode, func(w io.Writer) error {
		out, err := rewriter(e, stored, w)
		if err != nil {
			return err
		}
		err = rejected(ctx, tx, l, run.ID, stored.ID, func(told *ledger.Told, cells []string) error {
			if told.Code == record.CodeDuplicateKey && told.Field == "" {
				return nil
			}
			if e != nil && e.From.Each != nil {
				row := e.From.Each.RowKey(told.Key)
				if told.Key != "" && written[row] {
					return nil // another part of the same row brought it
				}
				written[row] = true
				cells = cells[:max(0, len(cells)-2)] // without what was made of a column
			}
			rows++
			return out.Write(cells)
		})
		return errors.Join(err, out.Flush())
	})
	if err == nil && rows == 0 {
		err = os.Remove(path)
	}
	return err
}

func rewriter(e *migration.Entity, stored *ledger.Entity, w io.Writer) (source.RowWriter, error) {
	if e != nil {
		if origin, ok := e.Origin.(source.Rewriter); ok {
			return origin.Rewrite(w)
		}
	}
	out := plainRows{csv.NewWriter(w)}
	if e != nil && e.From.Each != nil {
		return out, out.Write(stored.Header[:len(stored.Header)-2])
	}
	return out, out.Write(stored.Header)
}

// plainRows is a retry file of a source that is no file.
type plainRows struct{ *csv.Writer }

func (p plainRows) Flush() error {
	p.Writer.Flush()
	return p.Error()
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
