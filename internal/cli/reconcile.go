package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/reconcile"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

type reconcileFlags struct {
	entities    []string
	only        []string
	sample      string
	out         string
	live        bool
	fresh       bool
	json        bool
	target      string
	lanes       int
	batch       int
	showPrivate bool
}

func (f *front) reconcile() *cobra.Command {
	var flags reconcileFlags
	cmd := &cobra.Command{
		Use:   "reconcile [RUN]",
		Short: "Hold what the target must hold against what it holds",
		Long: `Derives from source, mapping and crosswalk what the target must hold, and compares it with what it holds: every field of
every row, rows that are missing or extra, references, counters. It changes nothing but its own rows in the books, and
works with a role that may only read; then the result is told, and not kept. Without RUN all records of the source are
compared; with RUN those that the run was over. The same command goes on with a comparison that was broken off less than
an hour ago, as long as no run has written since; --fresh begins anew.

Exit codes: 0 nothing differs · 1 broken · 2 usage or mapping, or nothing has been run · 3 environment (cannot connect,
missing permission) · 6 something differs · 130 interrupted (can be gone on with)`,
		Example: `  landfall reconcile
  landfall reconcile --entity customer --sample 1%
  landfall reconcile --only customer:1042
  landfall reconcile --out differences.csv`,
		Args: atMostOneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return f.reconcileRecords(cmd.Context(), name, flags)
		},
	}
	cmd.Flags().StringSliceVar(&flags.entities, "entity", nil, "these entities alone, divided by commas")
	cmd.Flags().VarP(&onlyValue{&flags.only}, "only", "", "these records alone: ENTITY:KEY, several divided by commas")
	cmd.Flags().StringVar(&flags.sample, "sample", "", "a part of the records, the same ones each time: a share such as 1%, or a number for each entity")
	cmd.Flags().StringVar(&flags.out, "out", "", "write every difference to this file, .csv or .jsonl")
	cmd.Flags().BoolVar(&flags.live, "live", false, "people work in the target: rows that no record owns are theirs (always so where environment is production)")
	cmd.Flags().BoolVar(&flags.fresh, "fresh", false, "begin anew, even where a comparison was broken off")
	cmd.Flags().BoolVar(&flags.json, "json", false, "tell progress and the result as JSON lines")
	cmd.Flags().StringVar(&flags.target, "target", "", "another connection of the mapping")
	cmd.Flags().IntVar(&flags.lanes, "lanes", 0, "connections that look side by side (default: 2 where the database serves several)")
	cmd.Flags().IntVar(&flags.batch, "batch", 0, fmt.Sprintf("records in a batch at most (default %d)", run.DefaultRecords))
	cmd.Flags().BoolVar(&flags.showPrivate, "show-private", false, "do not mask what the mapping calls private, here and in --out")
	return cmd
}

func (f *front) reconcileRecords(ctx context.Context, name string, flags reconcileFlags) error {
	form := filepath.Ext(flags.out)
	if flags.out != "" && form != ".csv" && form != ".jsonl" {
		return usagef("--out %s: expected a name that ends in .csv or .jsonl", flags.out)
	}
	if flags.lanes < 0 || flags.batch < 0 {
		return usagef("--lanes and --batch take numbers from 1; leave them out to have them chosen")
	}
	if flags.out != "" {
		if err := report.Writable(flags.out); err != nil {
			return usagef("--out %s: expected a file that can be written: %w", flags.out, err)
		}
	}
	o := reconcile.Options{Run: name, Entities: flags.entities, Live: flags.live, Fresh: flags.fresh, Lanes: flags.lanes, Records: flags.batch}
	if flags.sample != "" {
		var err error
		if o.Sample, err = reconcile.ParseSample(flags.sample); err != nil {
			return usagef("--sample: %w", err)
		}
	}
	m, err := f.openToReconcile(ctx, name, flags)
	if err != nil {
		return err
	}
	defer m.Close(ctx)
	for _, entity := range flags.entities {
		if m.File.Entity(entity) == nil {
			return usagef("--entity %s: the mapping has no such entity%s", entity, mapping.Hint(entity, m.File.EntityNames()))
		}
	}
	if o.Only, err = refs(flags.only, m.File); err != nil {
		return err
	}
	for _, ref := range o.Only { // an entity that none of them is of has nothing to compare
		if len(flags.entities) == 0 {
			o.Entities = appendNew(o.Entities, ref.Entity)
		}
	}
	progress := f.progress(flags.json)
	stop, end := f.stopOnSignal()
	defer end()
	o.Observe, o.Stop, o.Points = progress.Observe, stop, f.points
	result, err := reconcile.Run(ctx, m, o)
	progress.Close()
	if result == nil {
		return err
	}
	defer result.Close(ctx)
	return errors.Join(err, f.tellVerdicts(ctx, m, result, flags, err != nil))
}

func appendNew(names []string, name string) []string {
	for _, known := range names {
		if known == name {
			return names
		}
	}
	return append(names, name)
}

// openToReconcile opens the mapping, with the files that the named run read.
func (f *front) openToReconcile(ctx context.Context, name string, flags reconcileFlags) (*migration.Migration, error) {
	inputs := map[string]string{}
	if name != "" {
		err := f.look(ctx, flags.target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
			found, err := findRun(ctx, tx, l, file.Name, name)
			if err == nil {
				inputs = found.Options.Inputs
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return f.openFit(ctx, flags.target, inputs)
}

func (f *front) tellVerdicts(ctx context.Context, m *migration.Migration, result *reconcile.Result, flags reconcileFlags, broken bool) error {
	told := report.Verdicts{
		Reconciliation: result.Reconciliation, Run: result.Run, Entities: result.Entities, Kept: result.Kept, Unfinished: result.Unfinished,
		Each:    func(each func(*verdict.Difference) error) error { return result.Each(ctx, each) },
		Private: map[string]map[string]bool{}, Balances: result.Balances,
	}
	if !flags.showPrivate {
		for _, e := range m.Entities {
			told.Private[e.Name] = e.Privacy().Target
		}
	}
	if broken {
		return nil
	}
	whole := flags.out != "" && !result.Stopped // part of the differences must not take the place of an earlier file
	if whole {
		write := func(w io.Writer) error { return told.Write(w, strings.TrimPrefix(filepath.Ext(flags.out), ".")) }
		if err := report.ExportRecords(flags.out, flags.showPrivate, write); err != nil {
			return err
		}
	}
	tell := told.Tell
	if flags.json {
		tell = told.TellJSON
	}
	if err := tell(f.Out); err != nil {
		return err
	}
	if whole && !flags.json {
		fmt.Fprintf(f.Out, "\nAll differences: %s\n", flags.out)
	}
	for _, ref := range result.NotFound {
		fmt.Fprintf(f.Err, "landfall: %s is not in the source\n", ref)
	}
	switch {
	case result.Stopped:
		if !flags.json {
			fmt.Fprintln(f.Out, "\nStopped after a whole batch. Go on with the same command.")
		}
		return &ended{exitInterrupted}
	case result.Differs():
		return &ended{exitDiffers}
	}
	return nil
}
