package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"landfall/internal/books"
	"landfall/internal/indexwork"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// indexesFlags are the flags of the commands about indexes.
type indexesFlags struct {
	target string
	runs   string
	json   bool
}

func (f *front) indexes() *cobra.Command {
	var flags indexesFlags
	cmd := &cobra.Command{
		Use:   "indexes",
		Short: "List the indexes that runs took and did not give back, and make them again",
		Long: `An entity with indexes: rebuild lands without the table's secondary indexes, which are made again at its end. What a
run that was broken off left away is listed here; "indexes rebuild" makes it again.

Exit codes: 0 none is away · 2 usage or mapping · 3 the target cannot be reached · 4 some are away`,
		Example: "  landfall indexes\n  landfall indexes rebuild\n  landfall indexes forget accounts_by_name --reason \"replaced\"",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noCommand(cmd, args)
			}
			return f.look(cmd.Context(), flags.target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				away, err := indexwork.Left(cmd.Context(), tx, l.Books(), file.Name)
				if err != nil {
					return err
				}
				for i := range away {
					if flags.json {
						if err := report.JSONLine(f.Out, away[i]); err != nil {
							return err
						}
					}
				}
				switch {
				case len(away) > 0 && !flags.json:
					report.IndexesAway(f.Out, away)
				case !flags.json:
					fmt.Fprintln(f.Out, "no index is away")
				}
				if len(away) > 0 {
					return &ended{exitOpen}
				}
				return nil
			})
		},
	}
	flags.add(cmd)
	cmd.AddCommand(f.indexesRebuild(), f.indexesForget())
	return cmd
}

func (flags *indexesFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&flags.target, "target", "", "another connection of the mapping")
	cmd.Flags().StringVar(&flags.runs, "runs", defaultRuns, "folder for the files of runs")
	cmd.Flags().BoolVar(&flags.json, "json", false, "JSON lines")
}

func (f *front) indexesRebuild() *cobra.Command {
	var flags indexesFlags
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the indexes again that runs took and did not give back",
		Long: `Makes them again exactly as they were, one after another, each in a transaction of its own. One that cannot be made
keeps none of the others away; what kept it is noted. No run of the migration may be going on.

Exit codes: 0 none is away any more · 1 some could not be made · 2 usage or mapping ·
3 environment (cannot connect, missing permission, a run is going on) · 5 the guard forbids it`,
		Example: "  landfall indexes rebuild",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			end, err := f.openTargetEnd(cmd.Context(), flags.target)
			if err != nil {
				return err
			}
			defer end.Close(cmd.Context())
			progress := f.progress(flags.json)
			away, err := run.RebuildIndexes(cmd.Context(), end, run.Options{Observe: progress.Observe, Points: f.points, RunsDir: flags.runs})
			progress.Close()
			var failed *run.IndexesError
			if err != nil && !errors.As(err, &failed) || flags.json {
				return err
			}
			made := len(away)
			if failed != nil {
				made -= len(failed.Failed)
			}
			fmt.Fprintf(f.Out, "indexes that were away: %d, made again: %d\n", len(away), made)
			return err
		},
	}
	flags.add(cmd)
	return cmd
}

func (f *front) indexesForget() *cobra.Command {
	var flags indexesFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "forget INDEX...",
		Short: "Give up indexes that are away: nobody makes them again",
		Long: `Notes that indexes which a run took are not wanted any more, because their table is gone or others take their place.

Exit codes: 0 done · 2 usage or mapping, or no such index is away · 3 environment · 5 the guard forbids it`,
		Example: "  landfall indexes forget accounts_by_name --reason \"replaced by accounts_by_name_and_city\"",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || strings.TrimSpace(reason) == "" {
				return usagef("name the indexes and say why: landfall indexes forget accounts_by_name --reason \"replaced\"")
			}
			end, err := f.openTargetEnd(cmd.Context(), flags.target)
			if err != nil {
				return err
			}
			defer end.Close(cmd.Context())
			given, err := run.ForgetIndexes(cmd.Context(), end, run.Options{Points: f.points, RunsDir: flags.runs}, args, strings.TrimSpace(reason))
			if err != nil {
				return err
			}
			for i := range given {
				fmt.Fprintf(f.Out, "index %s is given up\n", &given[i])
			}
			return nil
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why it is not wanted any more")
	return cmd
}

// tellIndexesAway tells what is away of the migration, if anything; of all that
// land in the target where none is named.
func (f *front) tellIndexesAway(ctx context.Context, db sqldb.DB, migration string) error {
	b, err := books.New(db.Dialect())
	if err != nil {
		return err
	}
	away, err := indexwork.LeftIn(ctx, db, b, migration)
	if err == nil && len(away) > 0 {
		fmt.Fprintln(f.Out)
		report.IndexesAway(f.Out, away)
	}
	return err
}
