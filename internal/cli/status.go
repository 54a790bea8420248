package cli

import (
	"github.com/spf13/cobra"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

func (f *front) status() *cobra.Command {
	var target string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "List the runs, newest first",
		Long:    "Lists the runs of the migration with their state and numbers.\n\nExit codes: 0 done · 2 nothing has been run yet · 3 the target cannot be reached",
		Example: "  landfall status",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.look(cmd.Context(), target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				if _, err := findRun(cmd.Context(), tx, l, file.Name, ""); err != nil {
					return err
				}
				return report.Status(cmd.Context(), f.Out, tx, l, file.Name, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}
