package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"landfall/internal/dataload"
	"landfall/internal/report"
)

const dataloadExitCodes = `
Exit codes: 0 all landed · 1 broken run · 2 usage, or the file is refused as a whole: nothing was sent · 3 environment (cannot connect, wrong
credentials, another run is going on) · 4 finished, some records failed or are unknown · 5 refused by the guard · 130 interrupted (the same command goes on)`

// dataload stands in for the vendor's loader.
func (f *front) dataload() *cobra.Command {
	o := &dataload.Options{}
	var asJSON bool
	var timeout int
	stopAfter := &runFlags{}
	cmd := &cobra.Command{
		Use:   "dataload [flags] DATA_FILE",
		Short: "Load a CSV file into the Identity Cloud, as dataload.py does",
		Long: `Loads a CSV file into an entity type of the Identity Cloud. It takes the flags of the vendor's dataload.py, also as -dm and
-pk, and writes the same files: success_…, fail_…, retry_…, update_success_…, update_fail_…, dataload.log and dataload_info.log.
No mapping is needed: the command composes one in the workspace, where the other commands of landfall can be used with it.

A command that was killed or interrupted is given again, and goes on. What the API did not answer for is looked up before anything is sent again.
` + dataloadExitCodes,
		Example: `  landfall dataload -u https://app.janraincapture.com -i ID -s SECRET users.csv
  landfall dataload -k clients.production -dm -pk email -r 4 -w 10 users.csv
  landfall dataload --dry-run users.csv
  landfall dataload -d --duplicates last --null-clears -m users.csv
  landfall status -f .landfall/app.janraincapture.com/dataload-user.yaml`,
		Args: oneArg("one data file", "users.csv"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("file") {
				return usagef("-f names a mapping, and dataload composes its own: use `landfall run -f` with a mapping")
			}
			o.DataFile, o.Timeout, o.StopAfter = args[0], time.Duration(timeout)*time.Second, stopAfter.stopAfter
			return f.load(cmd.Context(), o, asJSON)
		},
	}
	flags := cmd.Flags()
	f.clientFlags(flags, &o.URI, &o.ClientID, &o.ClientSecret, &o.ConfigKey, &o.DefaultClient)
	limitFlags(flags, &o.Type, &o.Workers, &timeout, &o.Rate, &o.DryRun)
	flags.IntVarP(&o.Batch, "batch-size", "b", dataload.DefaultBatch, "records in a create call, from 1")
	flags.Int64VarP(&o.StartAt, "start-at", "a", 1, "the first record to load; the header is not counted")
	flags.BoolVarP(&o.Delta, "delta-migration", "m", false, "update records that exist (also -dm)")
	flags.StringVarP(&o.PrimaryKey, "primary-key", "p", dataload.DefaultKey, "the unique attribute by which records are found again (also -pk)")
	placeFlags(flags, &o.OutputDir, &o.Workspace)
	flags.StringVar(&o.Duplicates, "duplicates", "", "records of the file with one key: refuse (default with -m), first or last; without -m and without this flag the first lands and the others fail")
	flags.StringSliceVar(&o.Unique, "unique", nil, "further attributes of the file that the schema calls unique, so that the error names the one whose value somebody else has")
	flags.StringVar(&o.Edited, "edited", "", "with -m: what becomes of users whom somebody changed since an earlier run wrote them: keep or overwrite; without it their records fail")
	flags.BoolVar(&o.NullClears, "null-clears", false, "with -m: an empty cell erases the live value instead of leaving it")
	flags.BoolVar(&o.OverwritePasswords, "overwrite-passwords", false, "with -m: write the file's passwords over live ones; no rollback can give those back")
	flags.StringVar(&o.Marker, "marker", "", "attribute of the schema in which every created record is marked, so that it is known for ours without comparing its content")
	flags.IntSliceVar(&o.RetryCodes, "retry-codes", nil, "further API error codes after which it is looked up what became of a call; also retry_codes in the configuration file")
	flags.IntSliceVar(&o.RetryStatuses, "retry-statuses", nil, "further HTTP statuses, likewise; also retry_statuses in the configuration file")
	stopAfterFlag(cmd, stopAfter)
	flags.DurationVar(&o.Patience, "patience", dataload.DefaultPatience, "how long an API that does not answer is put up with before records count as unknown, or the run breaks off")
	flags.BoolVar(&o.Fresh, "fresh", false, "give up an unfinished run instead of going on with it; what it landed stays known")
	flags.BoolVar(&o.PhysicalLines, "physical-lines", false, "a further column physical_line in the files: the line in an editor, where cells hold line breaks")
	flags.BoolVar(&asJSON, "json", false, "the summary as JSON")
	return cmd
}

// clientFlags are the vendor's flags of who speaks to which API.
func (f *front) clientFlags(flags *pflag.FlagSet, uri, id, secret, key *string, byDefault *bool) {
	flags.StringVarP(uri, "apid_uri", "u", "", "base URL of the API; https:// is put in front where it is missing")
	flags.StringVarP(id, "client-id", "i", "", "API client id")
	flags.StringVarP(secret, "client-secret", "s", "", "API client secret; other users of the machine can see it among the processes, so -k, -d or CAPTURE_CLIENT_SECRET are better")
	flags.StringVarP(key, "config-key", "k", "", "take id, secret and URL from this dotted path in ~/.janrain-capture, or in the file that JANRAIN_CONFIG names")
	flags.BoolVarP(byDefault, "default-client", "d", false, "as -k, with the path that stands under defaults.default_client")
}

// limitFlags are the vendor's flags of how the API is called.
func limitFlags(flags *pflag.FlagSet, kind *string, workers, timeout *int, rate *float64, dryRun *bool) {
	flags.StringVarP(kind, "type-name", "t", dataload.DefaultType, "entity type")
	flags.IntVarP(workers, "workers", "w", dataload.DefaultWorkers, "calls at a time")
	flags.IntVarP(timeout, "timeout", "o", dataload.DefaultTimeout, "seconds that a call may take")
	flags.Float64VarP(rate, "rate-limit", "r", dataload.DefaultRate, "calls a second, over all workers and with updates and look-ups; 0: no limit of ours")
	flags.BoolVarP(dryRun, "dry-run", "x", false, "judge the file and make no call; wants neither credentials nor a network")
}

// placeFlags say where the files go.
func placeFlags(flags *pflag.FlagSet, output, workspace *string) {
	flags.StringVar(output, "output-dir", ".", "folder for the files")
	flags.StringVar(workspace, "workspace", dataload.DefaultWorkspace, "folder for the composed mapping and the books, by which a command goes on and updates are undone")
}

// load shows a load while it goes on, and what came of it.
func (f *front) load(ctx context.Context, o *dataload.Options, asJSON bool) error {
	stop, end := f.stopOnSignal()
	defer end()
	open := int64(0)
	summary, err := dataload.Load(ctx, o, &dataload.Console{Out: f.Out, Err: f.Err, Getenv: f.getenv, Stop: stop, Points: f.points})
	if summary != nil {
		open = summary.Counts.Open()
		switch {
		case asJSON:
			err = errors.Join(err, report.JSONLine(f.Out, summary))
		case o.DryRun:
			summary.WriteDry(f.Out)
		default:
			summary.Write(f.Out)
		}
	}
	if err != nil && summary != nil && !asJSON && !errors.Is(err, dataload.ErrInterrupted) {
		f.sayAgain()
	}
	return f.endLoader(err, asJSON, open)
}

// endLoader ends a command that stands in for the vendor's, which has left so many
// records open.
func (f *front) endLoader(err error, asJSON bool, open int64) error {
	switch {
	case errors.Is(err, dataload.ErrInterrupted):
		if !asJSON {
			f.sayAgain()
		}
		return &ended{exitInterrupted}
	case err != nil:
		return err
	case open > 0:
		return &ended{exitOpen}
	}
	return nil
}

// sayAgain says how a load goes on that was broken off.
func (f *front) sayAgain() {
	_, _ = f.Err.Write([]byte("what has landed is safe; the same command goes on from here\n"))
}

// spelled puts arguments of the commands that stand in for the vendor's into the
// form that all commands read.
func spelled(args []string) []string {
	if len(args) == 0 || args[0] != "dataload" && args[0] != "dataload-rollback" {
		return args
	}
	f := &front{}
	var known []string
	for _, command := range f.root().Commands() {
		if command.Name() == args[0] {
			command.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, flag.Name) })
		}
	}
	return append([]string{args[0]}, dataload.Spell(args[1:], slices.Concat(known, []string{"help", "file"}))...)
}
