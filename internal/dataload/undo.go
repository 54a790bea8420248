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
	Run      string   `json:"run,omitempty"`           // the run that is undone; empty where no books know it
	Rollback string   `json:"rollback,omitempty"`      // its rollback
	DryRun   bool     `json:"dry_run,omitempty"`       //
	Deleted  int64    `json:"deleted"`                 // or would be
	Absent   int64    `json:"already_absent"`          //
	Failed   int64    `json:"delete_failures"`         //
	Restored int64    `json:"restored"`                // updates that are undone, or would be
	Kept     int64    `json:"restore_failures"`        // updates that are not
	Changed  int64    `json:"changed_since"`           // of both kinds of failures: somebody changed the record since
	Later    int64    `json:"written_later,omitempty"` // of a dry run: what a later run has written since, and stays as long as that one is not undone
	Strange  int64    `json:"of_other_runs,omitempty"` // of a dry run: what the file lists and the run has not written
	Files    []string `json:"files"`                   //
	Type     string   `json:"type"`                    //
	Total    *int64   `json:"total,omitempty"`         //
	NoBooks  bool     `json:"without_books"`           // updates of the run are not known, and stay
	Problem  string   `json:"total_error,omitempty"`
}

// Open is how many records are not undone.
func (u *Undone) Open() int64 { return u.Failed + u.Kept }

// Undo undoes a load: the records of a success file are deleted, and where the
// books of the run are there, its updates are undone and nothing goes that
// somebody has changed since.
func Undo(ctx context.Context, o *Options, c *Console) (undone *Undone, err error) {
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
	o.Batch = DefaultBatch
	u := &undoing{o: o, c: c, file: f, sum: &Undone{DryRun: o.DryRun, Type: o.Type, Files: []string{}}}
	dir, err := os.MkdirTemp("", "landfall-dataload-")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", migration.ErrEnvironment, err)
	}
	defer os.RemoveAll(dir)
	defer func() { err = errors.Join(err, u.close()) }()
	if err := u.list(dir); err != nil {
		return nil, err
	}
	client, err := o.FindClient(c.Getenv)
	if err != nil {
		if !o.DryRun {
			return nil, err
		}
		client = nil
	}
	if client != nil {
		if err := u.choose(ctx, client); err != nil {
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
	u.log.Nameless(o.entity())
	if err = u.undo(ctx, client, dir); err != nil && !errors.Is(err, ErrInterrupted) {
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
	log  *Log
	sum  *Undone

	home     string       // the mapping of the API and type, with the books beside it
	listed   *dedupe.Seen // the uuids of the file
	distinct int64        // how many they are
	run      *chosen      // the run that is undone; nil where no books know it
	path     string       // the mapping that the run had

	end   *migration.TargetEnd
	at    *migration.TargetEntity
	seen  *dedupe.Seen // uuids that have their end
	files *undoneFiles
}

// close gives back what the sets take.
func (u *undoing) close() (err error) {
	for _, set := range []*dedupe.Seen{u.listed, u.seen} {
		if set != nil {
			err = errors.Join(err, set.Close())
		}
	}
	return err
}

// undo does the work.
func (u *undoing) undo(ctx context.Context, client *Client, dir string) (err error) {
	path := u.path
	if path == "" {
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
	u.seen = dedupe.NewSeen(dir, seenBytes)
	if u.files, err = u.openFiles(); err != nil {
		return err
	}
	err = u.throughBooks(ctx)
	if err == nil {
		err = u.byUUID(ctx)
	}
	fileErr := u.finish()
	u.count(ctx)
	return errors.Join(err, fileErr)
}

// seenBytes bounds the memory in which uuids are remembered; beyond it, they
// spill.
const seenBytes = 8 << 20

// throughBooks has the run rolled back, where the books know it.
func (u *undoing) throughBooks(ctx context.Context) error {
	if u.run == nil {
		u.sum.NoBooks = true
		fmt.Fprintln(u.c.Err, "there are no books of the run that wrote this file: its records are deleted by their uuids, also where somebody has changed them since, and its updates are not undone")
		u.log.Warnf("no books of the run that wrote %s: records are deleted by uuid", filepath.Base(u.file.path))
		return nil
	}
	u.sum.Run = u.run.note.Run
	progress := NewProgress(u.c.Err, u.log)
	result, err := rollback.Rollback(ctx, u.end, rollback.Options{
		Run: u.sum.Run, Only: u.run.only, Observe: progress.Observe, Stop: u.c.Stop, Points: u.c.Points, Patience: u.o.patience(),
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
