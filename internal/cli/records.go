package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

func (f *front) records() *cobra.Command {
	var target, disposition, runName, entity, code string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "records",
		Short: "List a run's records by their end",
		Long: `Lists the records of a run, the newest unless --run names one, one a line: Ref, record number, line, disposition and
target key. Those that did not land follow after the others of their entity, with code, field, step and reason. It
shows no values.

Exit codes: 0 done · 2 usage · 3 the target cannot be reached`,
		Example: "  landfall records --disposition failed\n  landfall records --entity customer --code too-long --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if disposition != "" && !known(disposition) {
				return usagef("--disposition %s: expected one of %s%s", disposition, strings.Join(dispositionNames(), ", "), mapping.Hint(disposition, dispositionNames()))
			}
			return f.look(cmd.Context(), target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				found, err := findRun(cmd.Context(), tx, l, file.Name, runName)
				if err != nil {
					return err
				}
				if entity != "" && file.Entity(entity) == nil {
					return usagef("--entity %s: the mapping has no such entity%s", entity, mapping.Hint(entity, file.EntityNames()))
				}
				filter := report.Filter{Disposition: record.Disposition(disposition), Entity: entity, Code: record.Code(code)}
				shown, err := report.Records(cmd.Context(), f.Out, tx, l, found, filter, asJSON)
				if err == nil && shown == 0 && !asJSON {
					fmt.Fprintf(f.Err, "run %s has no such records\n", found.Name)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	cmd.Flags().StringVar(&disposition, "disposition", "", strings.Join(dispositionNames(), ", "))
	cmd.Flags().StringVar(&runName, "run", "", "the run (default: the newest)")
	cmd.Flags().StringVar(&entity, "entity", "", "records of this entity alone")
	cmd.Flags().StringVar(&code, "code", "", "records with this code alone, such as too-long")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func dispositionNames() []string {
	var names []string
	for _, disposition := range record.Dispositions {
		names = append(names, string(disposition))
	}
	return names
}

func known(disposition string) bool {
	for _, name := range dispositionNames() {
		if name == disposition {
			return true
		}
	}
	return false
}
