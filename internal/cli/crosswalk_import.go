package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"landfall/internal/crosswalk"
	"landfall/internal/entries"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/report"
)

// importFlags are what `crosswalk import` is asked.
type importFlags struct {
	target, entity, source, key, role, delimiter string
	json, dryRun                                 bool
}

func (f *front) crosswalkImport() *cobra.Command {
	var flags importFlags
	cmd := &cobra.Command{
		Use:   "import FILE --entity ENTITY",
		Short: "Take in which rows records are that another tool loaded",
		Long: `Reads a CSV file in UTF-8 whose lines say which row of the target each record of an entity is, and adds that to the crosswalk, so that
references of other entities find these rows. Every row must be in the target and stand for one record alone. What the crosswalk
knows already is counted; a line that is wrong or conflicts refuses the whole file. It is a run of its own, and can be undone by
` + "`landfall rollback`" + `, which forgets the entries and leaves the rows.

--role linked (the default): the rows are only pointed at, and no run changes them. --role created: they are this migration's, and
later runs bring them up to date.

Exit codes: 0 all of the file is in the crosswalk · 1 broken · 2 usage or mapping, or a run is not finished · 3 environment ·
5 refused by the guard · 6 lines are wrong or conflict; nothing was written`,
		Example: "  landfall crosswalk import customers.csv --entity customer --dry-run\n" +
			"  landfall crosswalk import keys.csv --entity customer --source-key OLD_NO --target-key ID --role linked",
		Args: oneArg("a CSV file", "customers.csv --entity customer"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := flags.options(args[0])
			if err != nil {
				return err
			}
			end, err := f.openTargetEnd(cmd.Context(), flags.target)
			if err != nil {
				return err
			}
			defer end.Close(cmd.Context())
			if end.File.Entity(flags.entity) == nil {
				return usagef("--entity %s: the mapping has no such entity%s", flags.entity, mapping.Hint(flags.entity, end.File.EntityNames()))
			}
			told, warn, done := f.told(flags.json, ledger.ModeImport)
			o.Told, o.Warn, o.Points = told, warn, f.points
			imported, err := entries.Import(cmd.Context(), end, o)
			done()
			if err != nil {
				return err
			}
			if flags.json {
				return report.JSONLine(f.Out, imported)
			}
			would, tail := "", ""
			if flags.dryRun {
				would, tail = "would be ", "\nDry run: nothing was written."
			}
			fmt.Fprintf(f.Out, "%s: %d read, %d %sadded, %d were known%s\n", args[0], imported.Read, imported.Added, would, imported.Known, tail)
			if imported.Run != "" {
				fmt.Fprintf(f.Out, "Run %s tells of it\n", imported.Run)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&flags.entity, "entity", "", "whose records these are")
	cmd.Flags().StringVar(&flags.source, "source-key", "source_key", "the column of the file with the record's key; several, divided by commas, hold its parts")
	cmd.Flags().StringVar(&flags.key, "target-key", "target_key", "the column of the file with the row's key; likewise")
	cmd.Flags().StringVar(&flags.role, "role", "linked", "linked or created: whose the rows are")
	cmd.Flags().StringVar(&flags.delimiter, "delimiter", "", "of the file (default: a comma)")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "check all of it, and write nothing")
	cmd.Flags().BoolVar(&flags.json, "json", false, "tell progress and the result as JSON lines")
	cmd.Flags().StringVar(&flags.target, "target", "", "another connection of the mapping")
	return cmd
}

func (i *importFlags) options(path string) (entries.ImportOptions, error) {
	o := entries.ImportOptions{Path: path, Entity: i.entity, SourceKey: splitOnly(i.source), TargetKey: splitOnly(i.key), DryRun: i.dryRun}
	if i.entity == "" {
		return o, usagef("landfall crosswalk import: say with --entity whose records these are")
	}
	var err error
	if o.Delimiter, err = delimiterOf(i.delimiter); err != nil {
		return o, err
	}
	switch i.role {
	case "linked":
		o.Role = crosswalk.RoleLinked
	case "created":
		o.Role = crosswalk.RoleCreated
	default:
		return o, usagef("--role %s: expected linked or created%s", i.role, mapping.Hint(i.role, []string{"linked", "created"}))
	}
	return o, nil
}
