package dataload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"landfall/internal/dedupe"
	"landfall/internal/migration"
	"landfall/internal/rollback"
)

// Undone is what a rollback came to.
type Undone struct {
	Run      string   `json:"run,omitempty"`      // the run that is undone; empty where no books know it
	Rollback string   `json:"rollback,omitempty"` // its rollback
	DryRun   bool     `json:"dry_run,omitempty"`  //
	Deleted  int64    `json:"deleted"`            // or would be
	Absent   int64    `json:"already_absent"`     //
	Failed   int64    `json:"delete_failures"`    //
	Restored int64    `json:"restored"`           // updates that are undone, or would be
	Kept     int64    `json:"restore_failures"`   // updates that are not
	Changed  int64    `json:"changed_since"`      // of both kinds of failures: somebody changed the record since
	Files    []string `json:"files"`              //
	Type     string   `json:"type"`               //
	Total    *int64   `json:"total,omitempty"`    //
	NoBooks  bool     `json:"without_books"`      // updates of the run are not known, and stay
	Problem  string   `json:"total_error,omitempty"`
}

// Open is how many records are not undone.
func (u *Undone) Open() int64 { return u.Failed + u.Kept }

// Undo undoes a load: the records of a success file are deleted, and where the
// books of the run are there, its updates are undone and nothing goes that
// somebody has changed since.
func Undo(ctx context.Context, o *Options, c *Console) (*Undone, error) {
	if err := o.validateLimits(); err != nil {
		return nil, err
	}
	f, err := openLanded(o.DataFile)
	if err != nil {
		return nil, err
	}
	if f.keyName != "" {
		o.PrimaryKey = f.keyName
	}
	rows, err := f.check()
	if err != nil {
		return nil, err
	}
	o.Batch = DefaultBatch
	u := &undoing{o: o, c: c, file: f, rows: rows, sum: &Undone{DryRun: o.DryRun, Type: o.Type, Files: []string{}}}
	client, err := o.FindClient(c.Getenv)
	if err != nil {
		if !o.DryRun {
			return nil, err
		}
		client = nil
	}
	if client != nil {
		if err := u.find(ctx, client); err != nil {
			return nil, err
		}
	}
	if o.DryRun {
		return u.sum, u.foretell(ctx)
	}
	if err := os.MkdirAll(o.OutputDir, 0o755); err != nil {
		return nil, fmt.Errorf("%w: the output folder: %w", migration.ErrEnvironment, err)
	}
	if u.log, err = OpenLog(o.OutputDir, "dataload_rollback", client.secrets()...); err != nil {
		return nil, fmt.Errorf("%w: the log: %w", migration.ErrEnvironment, err)
	}
	defer u.log.Close()
	if err = u.undo(ctx, client); err != nil && !errors.Is(err, ErrInterrupted) {
		u.log.Errorf("%s", err)
	}
	if u.files == nil { // nothing was begun
		return nil, err
	}
	return u.sum, err
}

// undoing is one call of the command.
type undoing struct {
	o    *Options
	c    *Console
	file *landedFile
	rows int64
	log  *Log
	sum  *Undone

	path  string // the mapping that the run had, with its books beside it; empty where there are none
	note  *fileNote
	end   *migration.TargetEnd
	at    *migration.TargetEntity
	seen  *dedupe.Seen // uuids that have their end
	files *undoneFiles
}

// find looks for the run that wrote the file, in the books of the API and type.
func (u *undoing) find(ctx context.Context, client *Client) error {
	path, err := u.o.mappingPath(client.URI)
	if err != nil {
		return err
	}
	stamp := u.file.stampOf()
	if stamp == "" {
		return nil
	}
	note, err := findNote(path, func(n *fileNote) bool { return n.Stamp == stamp })
	if err != nil || note == nil {
		return err
	}
	of := mappingOf(path, note.Mapping)
	if _, err := os.Stat(of); err != nil {
		return nil // the books alone do not say where the records are
	}
	u.path, u.note = of, note
	return nil
}

// undo does the work.
func (u *undoing) undo(ctx context.Context, client *Client) (err error) {
	path := u.path
	if path == "" {
		dir, err := os.MkdirTemp("", "landfall-dataload-")
		if err != nil {
			return fmt.Errorf("%w: %w", migration.ErrEnvironment, err)
		}
		defer os.RemoveAll(dir)
		path = filepath.Join(dir, "rollback.yaml")
		if err := keep(path, u.o.compose(&input{path: filepath.Join(dir, "none.csv"), columns: []string{u.o.PrimaryKey}}, client.URI)); err != nil {
			return err
		}
	} else if path, err = u.gentle(path); err != nil {
		return err
	}
	if u.end, err = migration.OpenTargetEnd(ctx, migration.Options{Path: path, Getenv: client.getenv(u.c.Getenv)}); err != nil {
		return err
	}
	defer u.end.Close(ctx)
	if u.at, err = u.end.Entity(ctx, u.o.entity()); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "landfall-dataload-")
	if err != nil {
		return fmt.Errorf("%w: %w", migration.ErrEnvironment, err)
	}
	defer os.RemoveAll(dir)
	u.seen = dedupe.NewSeen(dir, seenBytes)
	defer func() { err = errors.Join(err, u.seen.Close()) }()
	if u.files, err = u.openFiles(); err != nil {
		return err
	}
	err = u.throughBooks(ctx)
	if err == nil {
		err = u.byUUID(ctx)
	}
	paths, fileErr := u.files.finish()
	u.sum.Files = append(u.sum.Files, paths...)
	u.count(ctx)
	return errors.Join(err, fileErr)
}

// seenBytes bounds the memory in which uuids are remembered; beyond it, they
// spill.
const seenBytes = 8 << 20

// throughBooks has the run rolled back, where the books know it.
func (u *undoing) throughBooks(ctx context.Context) error {
	if u.note == nil {
		u.sum.NoBooks = true
		fmt.Fprintln(u.c.Err, "there are no books of the run that wrote this file: its records are deleted by their uuids, also where somebody has changed them since, and its updates are not undone")
		u.log.Warnf("no books of the run that wrote %s: records are deleted by uuid", filepath.Base(u.file.path))
		return nil
	}
	u.sum.Run = u.note.Run
	only, some, err := u.only(ctx)
	if err != nil || !some {
		return err
	}
	progress := NewProgress(u.c.Err, u.log)
	result, err := rollback.Rollback(ctx, u.end, rollback.Options{
		Run: u.note.Run, Only: only, Observe: progress.Observe, Stop: u.c.Stop, Points: u.c.Points, Patience: u.o.patience(),
	})
	progress.Close()
	if result == nil {
		return err
	}
	u.sum.Rollback = result.Run.Name
	told := u.tell(context.WithoutCancel(ctx), result)
	if err == nil && told == nil && result.Stopped {
		return ErrInterrupted
	}
	return errors.Join(err, told)
}

// count asks how many records are left. That it cannot be asked spoils nothing.
func (u *undoing) count(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), totalWithin)
	defer cancel()
	total, err := u.at.Remote.Count(ctx)
	if err != nil {
		u.sum.Problem = "it could not be asked for"
		u.log.Warnf("the total could not be asked for: %s", err)
		return
	}
	u.sum.Total = &total
}
