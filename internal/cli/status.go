package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"landfall/internal/indexwork"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

func (f *front) status() *cobra.Command {
	var target string
	var asJSON bool
	var last int
	cmd := &cobra.Command{
		Use:   "status",
		Short: "List the runs, newest first, and how rejections went",
		Long: `Lists the last runs of the migration with their state and numbers, and tells which codes of rejections grew or shrank
against the run before over the same kind of records. On a terminal a small chart shows each code over the runs listed.

Exit codes: 0 done · 2 usage, or nothing has been run yet · 3 the target cannot be reached`,
		Example: "  landfall status\n  landfall status --last 3\n  landfall status --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 0 {
				return usagef("--last %d: expected a number of runs, or 0 for all", last)
			}
			return f.look(cmd.Context(), target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				if _, err := findRun(cmd.Context(), tx, l, file.Name, ""); err != nil {
					return err
				}
				runs, err := report.LastRuns(cmd.Context(), tx, l, file.Name, last)
				if err != nil {
					return err
				}
				var unanswered []report.Unanswered
				if conn := connectionOf(file, target); conn != nil && conn.IsAPI() {
					if unanswered, err = report.UnansweredCalls(cmd.Context(), tx, l.Books(), file.Name); err != nil {
						return err
					}
				}
				if !asJSON {
					if err := report.WriteStatus(f.Out, runs); err != nil {
						return err
					}
					report.WriteUnanswered(f.Out, unanswered)
					if err := f.tellStale(cmd.Context(), tx, l, runs); err != nil {
						return err
					}
					away, err := indexwork.Left(cmd.Context(), tx, l.Books(), file.Name)
					if err == nil && len(away) > 0 {
						fmt.Fprintln(f.Out)
						report.IndexesAway(f.Out, away)
					}
					return err

				}
				for _, s := range runs {
					for _, u := range unanswered {
						if u.Run == s.Run {
							s.Unanswered = append(s.Unanswered, u)
						}
					}
					if err := report.JSONLine(f.Out, s); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	cmd.Flags().IntVar(&last, "last", 20, "how many runs, 0 for all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// tellStale says how to go on with a run that is noted as running and whose
// process is gone.
func (f *front) tellStale(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runs []*report.Status) error {
	for _, s := range runs {
		if s.State != ledger.Running {
			continue
		}
		stale, err := run.Abandoned(ctx, tx, l.Books(), s.Migration)
		if err != nil || !stale {
			return err
		}
		fmt.Fprintf(f.Out, "\nRun %s is noted as running, and its process is gone: go on with `landfall resume`, or end it with `landfall abandon %[1]s`\n", s.Run)
	}
	return nil
}
