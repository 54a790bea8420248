package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"landfall/internal/dataload"
	"landfall/internal/report"
)

// dataloadRollback stands in for the vendor's rollback of a load.
func (f *front) dataloadRollback() *cobra.Command {
	o := &dataload.Options{}
	var asJSON bool
	var timeout int
	cmd := &cobra.Command{
		Use:   "dataload-rollback [flags] SUCCESS_FILE",
		Short: "Undo a load into the Identity Cloud, as rollback.py does",
		Long: `Deletes the records that a success file lists, found by its column names. Where the books of the run are in the workspace,
the updates that it made are undone as well, and what somebody has changed since is listed and stays as it is; without them,
records are deleted by uuid alone, and that is said. A file rollback_fail_… can be given in place of the success file.

Exit codes: 0 all undone, or gone already · 1 broken · 2 usage, or the file cannot be read: nothing was sent ·
3 environment (cannot connect, wrong credentials, another run is going on) · 4 some records are not undone · 5 refused by the guard ·
130 interrupted (the same command goes on)`,
		Example: `  landfall dataload-rollback -k clients.production success_May_22_2019_10_55_07.csv
  landfall dataload-rollback --dry-run success_May_22_2019_10_55_07.csv`,
		Args: oneArg("one success file", "success_May_22_2019_10_55_07.csv"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("file") {
				return usagef("-f names a mapping, and dataload-rollback finds that of the run by itself: use `landfall rollback -f` with a mapping")
			}
			o.DataFile, o.Timeout = args[0], time.Duration(timeout)*time.Second
			return f.undo(cmd.Context(), o, asJSON)
		},
	}
	flags := cmd.Flags()
	f.clientFlags(flags, &o.URI, &o.ClientID, &o.ClientSecret, &o.ConfigKey, &o.DefaultClient)
	limitFlags(flags, &o.Type, &o.Workers, &timeout, &o.Rate, &o.DryRun)
	placeFlags(flags, &o.OutputDir, &o.Workspace)
	flags.DurationVar(&o.Patience, "patience", dataload.DefaultPatience, "how long an API that does not answer is put up with")
	flags.BoolVar(&asJSON, "json", false, "the summary as JSON")
	o.PrimaryKey = dataload.DefaultKey
	return cmd
}

// undo shows a rollback while it goes on, and what came of it.
func (f *front) undo(ctx context.Context, o *dataload.Options, asJSON bool) error {
	stop, end := f.stopOnSignal()
	defer end()
	undone, err := dataload.Undo(ctx, o, &dataload.Console{Out: f.Out, Err: f.Err, Getenv: f.getenv, Stop: stop, Points: f.points})
	if undone != nil && (err == nil || !o.DryRun) {
		if asJSON {
			err = errors.Join(err, report.JSONLine(f.Out, undone))
		} else {
			undone.Write(f.Out)
		}
	}
	open := int64(0)
	if undone != nil {
		open = undone.Open()
	}
	return f.endLoader(err, asJSON, open)
}
