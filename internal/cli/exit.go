package cli

import (
	"errors"
	"fmt"
	"strings"

	"landfall/internal/books"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/report"
	"landfall/internal/run"
)

// The exit codes.
const (
	exitLanded      = 0
	exitBroken      = 1
	exitUsage       = 2
	exitEnvironment = 3
	exitOpen        = 4
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
	fmt.Fprintln(f.Err, "landfall: "+strings.TrimSpace(err.Error()))
	return exitOf(err)
}

func exitOf(err error) int {
	var usage *usageError
	var problems mapping.Problems
	var problem *mapping.Problem
	var drift *run.DriftError
	var held *books.HeldError
	switch {
	case errors.As(err, &usage), errors.As(err, &problems), errors.As(err, &problem), errors.As(err, &drift),
		errors.Is(err, run.ErrNothingToResume), errors.Is(err, run.ErrUnknownRun), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	case errors.As(err, &held), errors.Is(err, migration.ErrEnvironment):
		return exitEnvironment
	case errors.Is(err, report.ErrNeverRead):
		return exitOpen
	}
	return exitBroken
}
