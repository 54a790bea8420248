// Package cli is the front door: a file per command that parses flags, makes
// one call, and hands the answer to report. No rule about migrating lives here.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"landfall/internal/mapping"
	"landfall/internal/run"
)

// Streams are where a command reads and writes.
type Streams struct {
	In  io.Reader // nil: nothing is typed
	Out io.Writer
	Err io.Writer
}

// front is what all commands share.
type front struct {
	Streams
	file   string
	getenv func(string) string
	points func(run.Point) // for tests that break a run at a named point; nil otherwise
}

// Main runs the command line and returns the exit code.
func Main(args []string) int {
	boundMemory()
	return MainWith(args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, nil)
}

// MainWith is Main with streams and named points of the caller's choice.
func MainWith(args []string, streams Streams, points func(run.Point)) int {
	f := &front{Streams: streams, points: points, getenv: os.Getenv}
	root := f.root()
	root.SetArgs(spelled(args))
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(context.Background())
	return f.finish(err)
}

const exitCodes = `
Exit codes: 0 all landed · 1 broken run · 2 usage or mapping · 3 environment (cannot connect, missing permission) ·
4 finished, some records failed, blocked or unknown · 5 refused by the guard · 6 reconciled, and something differs, or a wave left what it must not · 130 interrupted (can be resumed)`

func (f *front) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "landfall",
		Short:         "Move records from one system into another, and remember every one of them",
		Long:          "Landfall moves the records of a legacy system into a live one, and can explain every one of them.\nIt reads what to do from landfall.yaml in the current folder, or from the file that -f names.\n" + exitCodes,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVarP(&f.file, "file", "f", "landfall.yaml", "the mapping file")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		f.demo(), f.check(), f.plan(), f.approve(), f.run(), f.resume(), f.retry(), f.abandon(), f.reconcile(), f.rollback(), f.guard(), f.indexes(), f.status(),
		f.explain(), f.records(), f.crosswalk(), f.report(), f.ledger(), f.identityCloudEmulator(), f.version(),
		f.dataload(), f.dataloadRollback(),
	)
	return root
}

// stopOnSignal closes the channel at the first Ctrl-C or SIGTERM, so that the
// batch in hand is finished; a second one ends the process as usual.
func (f *front) stopOnSignal() (stop <-chan struct{}, end func()) {
	asked := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	var once sync.Once
	go func() {
		select {
		case <-signals:
			fmt.Fprintln(f.Err, "stopping after the batch in hand; press Ctrl-C again to stop at once")
			close(asked)
			signal.Stop(signals)
		case <-done:
		}
	}()
	return asked, func() {
		once.Do(func() {
			signal.Stop(signals)
			close(done)
		})
	}
}

// usageError is a call whose words are off.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// noArgs refuses arguments with a sentence instead of the usage text.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// noCommand refuses a word that is none of a group's commands; alone, the group
// explains itself.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	if hint := mapping.Hint(args[0], names); hint != "" {
		return usagef("%s has no command %q%s", cmd.CommandPath(), args[0], hint)
	}
	return usagef("%s has no command %q: it has %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))
}

// oneArg wants exactly one argument; example shows what is meant.
func oneArg(what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s takes %s, got %d arguments: %s %s", cmd.CommandPath(), what, len(args), cmd.CommandPath(), example)
		}
		return noBlank(cmd, args)
	}
}

// ended is a command that has said all there is to say and ends with a code.
type ended struct{ code int }

func (e *ended) Error() string { return fmt.Sprintf("exit %d", e.code) }

var errNoBooks = errors.New("the target holds no books: nothing has been run yet")
