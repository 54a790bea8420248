package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"landfall/internal/demo"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
)

// fewestRecords is how small a demo can be and still show every kind of mess.
const fewestRecords = 50

func (f *front) demo() *cobra.Command {
	var dir, target string
	var records int
	var seed int64
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Build a small messy legacy system and migrate it before your eyes",
		Long: `Builds, in a folder of its own, a small legacy system full of the usual mess (a SQLite database and CSV files), an
empty CRM and the commented mapping between the two, migrates it, and tells what to look at next. The same seed
always gives the same data. It overwrites nothing.

Exit codes: 0 done, although some records are rejected on purpose · 1 broken run · 2 usage · 3 the target cannot be reached`,
		Example: "  landfall demo\n  landfall demo --dir /tmp/big --records 1000000\n  landfall demo --target postgres://loader@127.0.0.1/crm",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.showDemo(cmd.Context(), dir, demo.Options{Seed: seed, Records: records, TargetURL: target}, flags)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "landfall-demo", "the folder to build it in")
	cmd.Flags().IntVar(&records, "records", demo.DefaultRecords, "records over all entities, at least 50")
	cmd.Flags().Int64Var(&seed, "seed", 1, "equal seeds give equal data")
	cmd.Flags().StringVar(&target, "target", "", "make the CRM in this PostgreSQL database instead of a SQLite file")
	cmd.Flags().BoolVar(&flags.json, "json", false, "tell progress and the result as JSON lines")
	return cmd
}

func (f *front) showDemo(ctx context.Context, dir string, options demo.Options, flags runFlags) error {
	if options.Records < fewestRecords {
		return usagef("--records %d: a demo has at least %d", options.Records, fewestRecords)
	}
	if scheme, _, _ := strings.Cut(options.TargetURL, ":"); options.TargetURL != "" && scheme != "postgres" && scheme != "postgresql" {
		return usagef("--target: expected the URL of a PostgreSQL database, such as postgres://user@host/database; without it the CRM is a SQLite file")
	}
	summary, err := demo.Build(ctx, dir, options)
	var network *net.OpError
	if errors.As(err, &network) {
		return fmt.Errorf("%w: %w", migration.ErrEnvironment, err)
	}
	if errors.Is(err, demo.ErrOccupied) {
		return usagef("%w", err)
	}
	if err != nil {
		return err
	}
	if !flags.json {
		fmt.Fprintf(f.Out, "A legacy system of %d records stands in %s.\n", summary.Records(), dir)
	}
	f.knowPassword(options.TargetURL)
	f.file, flags.runs = summary.Mapping, filepath.Join(dir, "runs")
	m, err := f.openFit(ctx, "", nil)
	if err != nil {
		return err
	}
	defer m.Close(ctx)
	err = f.carry(ctx, m, run.Options{}, flags, run.Run)
	var end *ended
	if err != nil && (!errors.As(err, &end) || end.code != exitOpen) {
		return err
	}
	if !flags.json {
		f.lookNext(dir, summary)
	}
	return nil
}

// knowPassword answers the mapping's ${CRM_PASSWORD} from the URL that the demo
// was given, for this command alone: the file must not hold it.
func (f *front) knowPassword(targetURL string) {
	parsed, err := url.Parse(targetURL)
	if err != nil {
		return
	}
	password, given := parsed.User.Password()
	outside := f.getenv
	f.getenv = func(name string) string {
		if value := outside(name); value != "" || !given || name != demo.PasswordVariable {
			return value
		}
		return password
	}
}

// lookNext suggests commands that are worth typing after the demo.
func (f *front) lookNext(dir string, summary demo.Summary) {
	fmt.Fprintf(f.Out, "\nThe rejections are there on purpose. Look at them next:\n\n  cd %s\n", dir)
	table := tabwriter.NewWriter(f.Out, 0, 0, 3, ' ', 0)
	defer table.Flush()
	suggest := func(command, why string) { fmt.Fprintf(table, "  %s\t%s\n", command, why) }
	entity, example := failedExample(summary)
	if entity != "" {
		suggest("less runs/*/"+entity+"/fail.csv", "what was rejected, why, and the cells that were read")
	}
	if f.getenv(demo.PasswordVariable) != "" && os.Getenv(demo.PasswordVariable) == "" {
		suggest("export "+demo.PasswordVariable+"=…", "the password in the URL: the mapping names it, and does not hold it")
	}
	if example.Key != "" {
		suggest("landfall explain '"+example.String()+"'", "the story of one of them")
	}
	suggest("landfall check", "the mapping against both ends")
	suggest("landfall run", "again: nothing is written to the target")
	suggest("landfall reconcile", "does the target hold what it must?")
	suggest("landfall report", "what happened, as one HTML file")
	suggest("less landfall.yaml README.md", "the mapping, with comments; what else to try")
}

// failedExample picks an entity with rejected records, and one that can be
// named.
func failedExample(summary demo.Summary) (entity string, example record.Ref) {
	for _, e := range summary.Entities {
		for _, fault := range e.Faults {
			if fault.Disposition != record.Failed {
				continue
			}
			if entity == "" {
				entity = e.Name
			}
			if example.Key == "" && fault.Example.Key != "" && fault.Code != record.CodeDuplicateKey {
				example = fault.Example
			}
		}
	}
	return entity, example
}
