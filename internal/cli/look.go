package cli

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"landfall/internal/books"
	"landfall/internal/connector"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

func (f *front) check() *cobra.Command {
	var target string
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Check the mapping file against both ends, without writing anything",
		Long:    "Checks the mapping file, connects to both ends, and tells what does not fit, what is not covered, and the order of landing.\n\nExit codes: 0 can be run · 2 something is wrong with the mapping · 3 an end cannot be reached",
		Example: "  landfall check\n  landfall check -f other.yaml --target sandbox",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := f.open(cmd.Context(), target, nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			if err := m.TryAPI(cmd.Context()); err != nil {
				return err
			}
			if err := m.TryThrottle(cmd.Context()); err != nil {
				return err
			}
			if err := m.TryBackup(cmd.Context()); err != nil {
				return err
			}
			if err := m.TryIndexes(cmd.Context()); err != nil {
				return err
			}
			if err := m.TryCounters(cmd.Context()); err != nil {
				return err
			}
			report.Findings(f.Out, m)
			if err := f.tellIndexesAway(cmd.Context(), m.Looker(), m.File.Name); err != nil {
				return err
			}
			if len(m.Wrong()) > 0 {
				return &ended{exitUsage}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	return cmd
}

// unfinished is what resume goes on with.
type unfinished struct {
	inputs map[string]string // the files that the run reads
	// closed is a run that was broken off after its last record and before its
	// files; nil when there are records to carry.
	closed *ledger.Run
	plan   string // the file of the plan that the run is held to; empty for none
	// rollback says that the run is one.
	rollback bool
}

// findUnfinished looks at the newest run. A completed one is unfinished as long
// as its files do not tell so: a crash may fall between its close and them.
func (f *front) findUnfinished(ctx context.Context, flags runFlags) (found unfinished, err error) {
	err = f.look(ctx, flags.target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
		newest, err := findRun(ctx, tx, l, file.Name, "")
		if err != nil {
			return err
		}
		if newest.Mode == ledger.ModeRestore || newest.Mode == ledger.ModeImport {
			return run.ErrNothingToResume // it is all there, and has no files
		}
		found.inputs, found.rollback, found.plan = newest.Options.Inputs, newest.Mode == ledger.ModeRollback, newest.Options.PlanFile
		if newest.State.Resumable() {
			return nil
		}
		if !newest.State.Ended() || report.Told(flags.runs, newest) {
			return run.ErrNothingToResume
		}
		found.closed = newest
		return nil
	})
	return found, err
}

func (f *front) abandon() *cobra.Command {
	var target string
	cmd := &cobra.Command{
		Use:     "abandon RUN",
		Short:   "Give up an unfinished run; what has landed stays and stays known",
		Long:    "Ends an unfinished run that is not to be resumed, for instance because its mapping or input has changed since.\nRecords that have landed stay in the target and in the crosswalk, so the next run does not write them twice.\n\nExit codes: 0 done · 2 no such unfinished run · 3 the target cannot be reached, or the run is still going on",
		Example: "  landfall abandon acme-0003",
		Args:    oneArg("the name of a run", "acme-0003"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.withTarget(cmd.Context(), target, func(file *mapping.File, db sqldb.DB, l *ledger.Ledger) error {
				if err := runExists(cmd.Context(), db, l, file.Name, args[0]); err != nil {
					return err
				}
				if err := run.Abandon(cmd.Context(), db, file.Name, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(f.Out, "run %s is abandoned; what it landed stays known\n", args[0])
				return f.tellIndexesAway(cmd.Context(), db, file.Name)
			})
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	return cmd
}

func (f *front) explain() *cobra.Command {
	var target string
	var byTarget, asJSON, showPrivate bool
	cmd := &cobra.Command{
		Use:   "explain ENTITY:KEY",
		Short: "Tell a record's whole story over all runs",
		Long: `Tells what became of a record in every run that read it: what was read, what was written, why it was rejected.
It shows the record's values, except those that the mapping calls private.

Exit codes: 0 told · 2 usage · 3 the target cannot be reached · 4 no run has read such a record`,
		Example: "  landfall explain customer:1042\n  landfall explain --target-key customer:3017",
		Args:    oneArg("one record", "customer:1042"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return f.look(ctx, target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				found, err := f.storyRefs(ctx, tx, l, file, args[0], byTarget)
				if err != nil {
					return err
				}
				runs, err := l.Runs(ctx, tx, file.Name)
				if err != nil {
					return err
				}
				veils := report.NewVeils(file, runs)
				for _, ref := range found {
					story, err := report.Explain(ctx, tx, l, file.Name, ref)
					if err != nil {
						return err
					}
					if conn := connectionOf(file, target); conn != nil && conn.IsAPI() {
						if err := story.OfAPI(ctx, tx, l.Books(), file.Name, ref); err != nil {
							return err
						}
					}
					if !showPrivate {
						story.Veil(veils, ref.Entity)
					}
					if asJSON {
						err = report.JSONLine(f.Out, story)
					} else {
						report.WriteStory(f.Out, story)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	cmd.Flags().BoolVar(&byTarget, "target-key", false, "KEY is that of the row in the target; ENTITY may also be the target table")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&showPrivate, "show-private", false, "do not mask what the mapping calls private")
	return cmd
}

func (f *front) storyRefs(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, file *mapping.File, text string, byTarget bool) ([]record.Ref, error) {
	if !byTarget {
		return refs([]string{text}, file)
	}
	ref, ok := record.ParseRef(text)
	if !ok {
		return nil, usagef("%q names no row: expected ENTITY:KEY or TABLE:KEY, such as customers:3017", text)
	}
	place, err := f.place(ctx, tx, l, file, ref.Entity)
	if err != nil {
		return nil, err
	}
	found, err := report.FindByTargetKey(ctx, tx, l.Books(), file.Name, place, ref.Key)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("row %s of %s: %w", ref.Key, ref.Entity, report.ErrNeverRead)
	}
	return found, err
}

func (f *front) ledger() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ledger", Short: "Landfall's own tables",
		Long:    "Landfall's own tables, in which it remembers every record and every run.\n\nExit codes: 0 done · 2 usage or mapping",
		Example: "  landfall ledger ddl", Args: cobra.ArbitraryArgs, RunE: noCommand,
	}
	var dialect, role string
	ddl := &cobra.Command{
		Use:   "ddl",
		Short: "Print what a DBA runs where Landfall may not create tables",
		Long: `Prints the statements that make Landfall's own tables in the target, for a DBA to run where the migrating user may
not create a schema. They may be run again. It connects to nothing: the kind of database comes from the mapping's target, or from --for.

Exit codes: 0 done · 2 usage or mapping`,
		Example: "  landfall ledger ddl > landfall.sql\n  landfall ledger ddl --for postgres",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dialect == "" {
				file, err := mapping.Parse(f.file)
				if err != nil {
					return err
				}
				// The URL may be a reference, which only the environment can tell.
				address, _, err := file.Resolve(file.Connection(file.Target), f.getenv)
				if err != nil {
					return fmt.Errorf("%w\nor say which kind of database is meant with --for", err)
				}
				dialect, _, _ = strings.Cut(address, ":")
			}
			spelled, err := connector.Dialect(dialect)
			if err != nil {
				return usagef("no kind of database is called %q: expected %s", dialect, strings.Join(kindsOfDatabases(), ", "))
			}
			return writeDDL(f.Out, spelled, role)
		},
	}
	ddl.Flags().StringVar(&dialect, "for", "", "kind of database: postgres, sqlite (default: that of the mapping's target)")
	ddl.Flags().StringVar(&role, "role", "", "the migrating user, who is granted what it needs")
	cmd.AddCommand(ddl)
	return cmd
}

func kindsOfDatabases() []string {
	var kinds []string
	for _, scheme := range connector.Schemes() {
		kinds = append(kinds, strings.TrimSuffix(scheme, ":"))
	}
	return kinds
}

func writeDDL(w io.Writer, dialect sqldb.Dialect, role string) error {
	statements, grants, err := books.ByHand(dialect, role)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		fmt.Fprintf(w, "%s;\n\n", statement)
	}
	if role == "" && len(grants) > 0 {
		fmt.Fprintln(w, "-- Grant the migrating user what it needs; --role NAME writes its name:")
	}
	for _, grant := range grants {
		if role == "" {
			grant = "-- " + grant
		}
		fmt.Fprintf(w, "%s;\n", grant)
	}
	return nil
}

func (f *front) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Long: "Prints the version of the program and of the books that it writes.\n\nExit codes: 0 done", Args: noArgs, Example: "  landfall version",
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(f.Out, "landfall %s, books version %d\n", buildVersion(), books.Version)
			return nil
		},
	}
}

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
