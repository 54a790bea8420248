package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/report"
	"landfall/internal/rollback"
	"landfall/internal/sqldb"
)

func (f *front) rollback() *cobra.Command {
	var flags runFlags
	var throughTriggers bool
	cmd := &cobra.Command{
		Use:   "rollback RUN",
		Short: "Undo a run: delete what it made, restore what it changed",
		Long: `Undoes a run: deletes the rows that it made, gives rows that it updated or took over back what they held, and forgets
what it linked. Rows that people have changed since, that other rows refer to by a foreign key or a field of the
mapping, or that records of later runs share, are kept and listed. It is a run itself: it can be broken off and
goes on with the same command or with resume. A run that was rolled back in part can be rolled back again. The source
is not needed. Columns of which it cannot tell whether people have edited them are named.

--dry-run does all of it in one transaction, which it rolls back at the end, and shows the table that would come of it;
it keeps the rows locked meanwhile, so a production target must be armed for it.

Exit codes: 0 everything was reversed · 1 broken · 2 usage or mapping, no such run, or it cannot be rolled back now ·
3 environment (cannot connect, missing permission) · 4 some records are kept, blocked or failed, or nothing was reversed ·
5 refused by the guard · 130 interrupted (can be resumed)`,
		Example: `  landfall rollback acme-0003 --dry-run
  landfall rollback acme-0003
  landfall rollback acme-0003 --only customer:1042,customer:1043`,
		Args: oneArg("the name of a run", "acme-0003"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.withTarget(cmd.Context(), flags.target, func(file *mapping.File, db sqldb.DB, l *ledger.Ledger) error {
				return runExists(cmd.Context(), db, l, file.Name, args[0])
			}); err != nil {
				return err
			}
			end, err := f.openTargetEnd(cmd.Context(), flags.target)
			if err != nil {
				return err
			}
			defer end.Close(cmd.Context())
			only, err := refs(flags.only, end.File)
			if err != nil {
				return err
			}
			o := rollback.Options{Run: args[0], Only: only, ThroughTriggers: throughTriggers}
			if flags.dryRun {
				return f.rehearseRollback(cmd.Context(), end, o, flags)
			}
			return f.carryRollback(cmd.Context(), end, o, flags, rollback.Rollback)
		},
	}
	cmd.Flags().VarP(&onlyValue{&flags.only}, "only", "", "these records alone: ENTITY:KEY, several divided by commas")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "show what would come of it, and write nothing")
	cmd.Flags().BoolVar(&throughTriggers, "through-triggers", false, "write to tables whose triggers go off by it")
	cmd.Flags().StringVar(&flags.target, "target", "", "another connection of the mapping")
	cmd.Flags().BoolVar(&flags.json, "json", false, "tell progress and the result as JSON lines")
	cmd.Flags().StringVar(&flags.runs, "runs", defaultRuns, "folder for the files of runs")
	return cmd
}

func (f *front) openTargetEnd(ctx context.Context, target string) (*migration.TargetEnd, error) {
	return migration.OpenTargetEnd(ctx, migration.Options{Path: f.file, Target: target, Getenv: f.getenv})
}

// resumeRollback goes on with an unfinished rollback, or writes the files of one
// that had ended without them.
func (f *front) resumeRollback(ctx context.Context, closed *ledger.Run, flags runFlags) error {
	end, err := f.openTargetEnd(ctx, flags.target)
	if err != nil {
		return err
	}
	defer end.Close(ctx)
	if closed == nil {
		return f.carryRollback(ctx, end, rollback.Options{}, flags, rollback.Resume)
	}
	summary, err := f.tellRollback(ctx, end, closed, flags)
	if err != nil {
		return err
	}
	return f.settleRollback(nil, summary)
}

// carryRollback shows a rollback while it goes on, and what came of it.
func (f *front) carryRollback(ctx context.Context, end *migration.TargetEnd, o rollback.Options, flags runFlags, start func(context.Context, *migration.TargetEnd, rollback.Options) (*rollback.Result, error)) error {
	progress := f.progress(flags.json)
	stop, ended130 := f.stopOnSignal()
	defer ended130()
	o.Observe, o.Stop, o.Points, o.RunsDir = progress.Observe, stop, f.points, flags.runs
	result, err := start(ctx, end, o)
	progress.Close()
	if result == nil {
		return err
	}
	summary, tellErr := f.tellRollback(ctx, end, result.Run, flags)
	if err := f.brokenOff(err, tellErr, result.Stopped, flags.json, "what is undone"); err != nil {
		return err
	}
	return f.settleRollback(result, summary)
}

// settleRollback ends a rollback that reached its end: it never succeeded where
// it did nothing.
func (f *front) settleRollback(result *rollback.Result, summary *report.Summary) error {
	if result != nil {
		for _, ref := range result.NotTouched {
			fmt.Fprintf(f.Err, "landfall: nothing of run %s is left to undo of %s\n", result.Undone.Name, ref)
		}
		if len(result.NotTouched) > 0 {
			return &ended{exitOpen}
		}
	}
	if summary.Open() > 0 || summary.Reversed() == 0 {
		return &ended{exitOpen}
	}
	return nil
}

// tellRollback writes the rollback's files and the closing table.
func (f *front) tellRollback(ctx context.Context, end *migration.TargetEnd, r *ledger.Run, flags runFlags) (*report.Summary, error) {
	return f.tellCarried(ctx, end.OpenTarget, r, flags.json, func(tx sqldb.Tx, l *ledger.Ledger, summary *report.Summary, stored *ledger.Run) (string, error) {
		return report.RollbackFiles(ctx, tx, l, summary, stored, report.Files{Dir: runsFolder(flags.runs, end.Target.Name, end.File)})
	})
}

func (f *front) rehearseRollback(ctx context.Context, end *migration.TargetEnd, o rollback.Options, flags runFlags) error {
	progress := f.progress(flags.json)
	o.Observe = progress.Observe
	var summary *report.Summary
	result, err := rollback.Rehearse(ctx, end, o, func(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, rehearsed *ledger.Run) (err error) {
		summary, err = report.Summarize(ctx, tx, l, rehearsed)
		return err
	})
	progress.Close()
	if err != nil {
		return err
	}
	if flags.json {
		if err := report.JSONLine(f.Out, summary); err != nil {
			return err
		}
	} else {
		report.Closing(f.Out, summary)
		fmt.Fprintln(f.Out, "\nDry run: nothing was written.")
	}
	return f.settleRollback(result, summary)
}
