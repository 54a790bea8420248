package dataload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

// Console is where a command speaks, and what it asks.
type Console struct {
	Out, Err io.Writer
	Getenv   func(string) string
	Stop     <-chan struct{} // closed to end after the batch in hand; may be nil
	Points   func(run.Point) // for tests; may be nil
}

// ErrInterrupted ends a command that was asked to stop; the same command goes on.
var ErrInterrupted = errors.New("interrupted")

// totalWithin bounds how long the number of all records is asked for.
const totalWithin = 30 * time.Second

// Load loads a file. The summary is there as far as the run got, even beside an
// error.
func Load(ctx context.Context, o *Options, c *Console) (*Summary, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.DryRun {
		return rehearse(ctx, o, c)
	}
	client, err := o.FindClient(c.Getenv)
	if err != nil {
		return nil, err
	}
	path, err := o.mappingPath(client.URI)
	if err != nil {
		return nil, err
	}
	in, err := openInput(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.OutputDir, 0o755); err != nil {
		return nil, fmt.Errorf("%w: the output folder: %w", migration.ErrEnvironment, err)
	}
	log, err := OpenLog(o.OutputDir, "dataload", client.secrets()...)
	if err != nil {
		return nil, fmt.Errorf("%w: the log: %w", migration.ErrEnvironment, err)
	}
	defer log.Close()
	log.Nameless(o.entity())
	if o.Delta && o.OverwritePasswords && slices.ContainsFunc(in.columns, isPassword) {
		text := "passwords of users who exist are written over, and no rollback can give them back: the service shows them to nobody"
		fmt.Fprintln(c.Err, "warning: "+text)
		log.Warnf("%s", text)
	}
	if in.marked {
		log.Infof("%s starts with a byte order mark, which is no part of its header", filepath.Base(in.path))
	}
	l := &loading{o: o, c: c, in: in, log: log, path: path, text: o.compose(in, client.URI)}
	composed, err := l.keepCopy()
	if err != nil {
		return nil, err
	}
	m, err := open(ctx, composed, client.getenv(c.Getenv))
	if err != nil {
		log.Errorf("%s", err)
		return nil, err
	}
	defer m.Close(ctx)
	l.m = m
	s, err := l.load(ctx)
	err = inPlainWords(err)
	if err != nil && !errors.Is(err, ErrInterrupted) {
		log.Errorf("%s", err)
	}
	return s, err
}

// open opens the composed mapping, and refuses one that cannot be run.
func open(ctx context.Context, path string, getenv func(string) string) (*migration.Migration, error) {
	m, err := migration.Open(ctx, migration.Options{Path: path, Getenv: getenv})
	if err != nil {
		return nil, err
	}
	var wrong error
	for _, finding := range m.Wrong() {
		wrong = errors.Join(wrong, inputf("%s. Nothing was sent", finding.Text))
	}
	if wrong != nil {
		m.Close(ctx)
		return nil, wrong
	}
	return m, nil
}

// secrets are what no message may show.
func (c *Client) secrets() []string { return []string{c.Secret} }

// getenv answers for the references of the composed mapping, and asks the
// environment for all others.
func (c *Client) getenv(environment func(string) string) func(string) string {
	return func(name string) string {
		switch name {
		case variableID:
			return c.ID
		case variableSecret:
			return c.Secret
		}
		return environment(name)
	}
}

// loading is one call of the command.
type loading struct {
	o    *Options
	c    *Console
	in   *input
	m    *migration.Migration
	log  *Log
	path string // of the mapping that other commands are given
	text []byte // of this command's
}

// keepCopy keeps the mapping of this command under a name of its own, by what it
// means: a run is undone as it was, and the mapping that other commands are given
// is that of the run that goes on.
func (l *loading) keepCopy() (string, error) {
	file, err := mapping.ParseBytes(l.path, l.text)
	if err != nil {
		return "", err
	}
	path := mappingOf(l.path, file.Hash)
	if err := keep(path, l.text); err != nil {
		return "", fmt.Errorf("%w: %w", migration.ErrEnvironment, err)
	}
	return path, nil
}

// observe tells of the run, and hands its mapping to other commands as soon as
// nobody else runs it.
func (l *loading) observe(progress *Progress) func(run.Event) {
	return func(e run.Event) {
		if e.Kind == run.EventRunStarted || e.Kind == run.EventRunResumed {
			if err := keep(l.path, l.text); err != nil {
				l.log.Warnf("other commands have an older mapping: %s", err)
			}
		}
		progress.Observe(e)
	}
}

func (l *loading) load(ctx context.Context) (*Summary, error) {
	newest, err := l.newest(ctx)
	if err != nil {
		return nil, err
	}
	if newest != nil && newest.State.Resumable() && l.o.Fresh {
		if err := run.Abandon(ctx, l.m.Looker(), newest.Migration, newest.Name); err != nil {
			return nil, err
		}
		l.log.Warnf("run %s is given up; what it landed stays known", newest.Name)
	}
	if untold, err := l.untold(ctx, newest); err != nil || untold {
		if err != nil {
			return nil, err
		}
		l.log.Infof("run %s had come to its end, and its files are written now", newest.Name)
		return l.tell(ctx, newest)
	}
	if err := l.tryColumns(ctx); err != nil {
		return nil, err
	}
	progress := NewProgress(l.c.Err, l.log)
	o := run.Options{
		Mode: target.InsertOnly, Records: l.o.Batch, Lanes: l.o.Workers, StopAfter: l.o.StopAfter, Patience: l.o.patience(),
		Observe: l.observe(progress), Stop: l.c.Stop, Points: l.c.Points,
	}
	if l.o.Delta {
		o.Mode = target.Delta
	}
	result, err := run.Run(ctx, l.m, o)
	progress.Close()
	if result == nil {
		return nil, l.otherRun(err)
	}
	s, tellErr := l.tell(context.WithoutCancel(ctx), result.Run)
	switch {
	case err != nil:
		return s, errors.Join(l.spent(err), tellErr)
	case tellErr != nil:
		return s, tellErr
	case result.Stopped:
		return s, ErrInterrupted
	}
	return s, nil
}

// tryColumns asks the service once for the file's columns, of a user whom nobody
// has: one that it does not know would fail every row. Whatever else goes wrong is
// left to the run, which knows how to wait.
func (l *loading) tryColumns(ctx context.Context) error {
	e := l.m.Entities[0]
	_, err := e.Remote.Fetch(ctx, [][]record.Value{{record.Text(nobody)}}, e.Columns)
	if errors.Is(err, target.ErrNotLooked) {
		return inputf("the service does not take the file's columns for type %s: %s. Nothing was sent", l.o.Type, err)
	}
	return nil
}

// nobody is a uuid that is given to no user.
const nobody = "00000000-0000-0000-0000-000000000000"

// spent says how this command goes on after too many failures.
func (l *loading) spent(err error) error {
	var spent *run.SpentError
	if !errors.As(err, &spent) {
		return err
	}
	reached, _, _ := strings.Cut(spent.Error(), "\n")
	return fmt.Errorf("%s\nTo go on: the same command, which counts anew, or with --stop-after none, however many fail. Where the file must be mended first: --fresh with the mended one; what has landed stays known", reached)
}

// otherRun says what to do about an unfinished run of another file or other
// flags.
func (l *loading) otherRun(err error) error {
	var drift *run.DriftError
	if !errors.As(err, &drift) {
		return err
	}
	text := "  " + drift.Changes[0]
	for _, change := range drift.Changes[1:] {
		text += "\n  " + change
	}
	return usagef("run %s is not finished, and this command asks for another one:\n%s\nGive the command that started it to go on with it, or add --fresh to give it up: what has landed stays known", drift.Run, text)
}

// tell writes the files of a run, and sums it up.
func (l *loading) tell(ctx context.Context, r *ledger.Run) (*Summary, error) {
	s := &Summary{Run: r.Name, State: string(r.State), Type: l.o.Type, Delta: l.o.Delta, Files: []string{}}
	err := l.books(ctx, func(b *bookkeeping) error {
		stored, err := b.find(r.Name)
		if err != nil {
			return err
		}
		s.State = string(stored.State)
		entities, err := b.l.Entities(ctx, b.tx, stored.ID)
		if err != nil || len(entities) != 1 {
			return errors.Join(err, fmt.Errorf("run %s: %d kinds of records in the books", r.Name, len(entities)))
		}
		f, err := writeFiles(ctx, b.tx, b.l, stored, &entities[0], l.o, l.in, l.log, time.Now())
		if err != nil {
			return err
		}
		s.Counts, s.Files = f.counts, f.paths
		n := &fileNote{Run: stored.Name, Stamp: f.stamp, Mapping: stored.MappingHash, Ended: stored.State.Ended(), Dir: l.o.outputFolder()}
		return n.add(l.path)
	})
	if err != nil {
		return nil, err
	}
	l.count(ctx, s)
	l.log.Infof("run %s %s: %d processed, %d created, %d failed, %d to retry, %d updated, %d not updated, %d unchanged, %d duplicates; success (verified): %d",
		s.Run, s.State, s.Counts.Processed, s.Counts.Created, s.Counts.Failed, s.Counts.Retry, s.Counts.Updated, s.Counts.NotUpdate, s.Counts.Unchanged, s.Counts.Duplicate, s.Counts.Verified)
	return s, nil
}

// count asks how many records there are now. That it cannot be asked spoils
// nothing.
func (l *loading) count(ctx context.Context, s *Summary) {
	ctx, cancel := context.WithTimeout(ctx, totalWithin)
	defer cancel()
	total, err := l.m.Entities[0].Remote.Count(ctx)
	if err != nil {
		s.TotalError = "it could not be asked for"
		l.log.Warnf("the total could not be asked for: %s", err)
		return
	}
	s.Total = &total
}
