package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/dataload"
	"landfall/internal/entries"
	"landfall/internal/guard"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/plan"
	"landfall/internal/reconcile"
	"landfall/internal/report"
	"landfall/internal/rollback"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
	"landfall/internal/verdict"
)

// The exit codes.
const (
	exitLanded      = 0
	exitBroken      = 1
	exitUsage       = 2
	exitEnvironment = 3
	exitOpen        = 4
	exitRefused     = 5 // the guard, a window or a missing approval forbids it
	exitDiffers     = 6 // what is there is not what must be there
	exitInterrupted = 130
)

// finish is the one place that turns the end of a command into an exit code,
// and says why on the error stream.
func (f *front) finish(err error) int {
	var end *ended
	switch {
	case err == nil:
		return exitLanded
	case errors.As(err, &end):
		return end.code
	}
	err = f.noMapping(err)
	fmt.Fprintln(f.Err, "landfall: "+inWords(err))
	return exitOf(err)
}

// inWords is what an error says, without what its exit code says as well.
func inWords(err error) string {
	text := strings.TrimSpace(err.Error())
	for _, kind := range []error{migration.ErrEnvironment, run.ErrUnknownRun} {
		text = strings.TrimPrefix(text, kind.Error()+": ")
	}
	return text
}

// noMapping says what to do where there is no mapping file.
func (f *front) noMapping(err error) error {
	var path *fs.PathError
	switch {
	case !errors.As(err, &path) || path.Path != f.file:
		return err
	case errors.Is(err, fs.ErrNotExist):
		return usagef("there is no mapping file %s: name one with -f, or look at one with `landfall demo`", f.file)
	}
	return usagef("the mapping file %s cannot be read: %w", f.file, path.Err)
}

func exitOf(err error) int {
	var usage *usageError
	var problems mapping.Problems
	var problem *mapping.Problem
	var drift *run.DriftError
	var held *books.HeldError
	var newer books.NewerError
	var numbers *crosswalk.HeldError
	var refused *rollback.RefusedError
	var input *entries.InputError
	var taken *entries.RefusedError
	var changed *crosswalk.BackupError
	var conflict *entries.ConflictError
	var lines *entries.LinesError
	var closed *guard.Refusal
	var unfinished *run.UnfinishedError
	var unreconciled *run.UnreconciledError
	var marked *run.OperationError
	var repeats *run.RepeatsError
	var file *dataload.InputError
	switch {
	case errors.Is(err, migration.ErrEnvironment), errors.Is(err, target.ErrDenied), sqldb.IsDenied(err): // before the others: it may name a place in the mapping
		return exitEnvironment
	case errors.As(err, &closed):
		return exitRefused
	case errors.As(err, &usage), errors.As(err, &problems), errors.As(err, &problem), errors.As(err, &drift), errors.As(err, &refused), errors.As(err, &input), errors.As(err, &taken), errors.As(err, &unfinished), errors.As(err, &marked), errors.As(err, &repeats),
		errors.Is(err, plan.ErrNoPlan), errors.Is(err, run.ErrKeys), errors.Is(err, run.ErrUnable),
		errors.Is(err, run.ErrNothingToResume), errors.Is(err, reconcile.ErrNothingRun), errors.Is(err, run.ErrUnknownRun), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	case errors.As(err, &file), errors.Is(err, dataload.ErrUsage):
		return exitUsage
	case errors.As(err, &unreconciled):
		return exitDiffers
	case errors.As(err, &numbers), errors.As(err, &held), errors.As(err, &newer), errors.Is(err, verdict.ErrTakenOver):
		return exitEnvironment
	case errors.As(err, &changed), errors.As(err, &conflict), errors.As(err, &lines):
		return exitDiffers
	case errors.Is(err, report.ErrNeverRead):
		return exitOpen
	}
	return exitBroken
}
