package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

func (f *front) report() *cobra.Command {
	var target, out, format, runs string
	var showPrivate, verify bool
	cmd := &cobra.Command{
		Use:   "report [RUN|FILE]",
		Short: "Write the report of a run as one HTML file",
		Long: `Writes what a run did, the newest unless RUN names one, as one HTML file that stands alone, or as JSON: what ran, by
whom and with which hashes, the balance of every entity, what did not land and why, totals, fingerprints, the newest
complete reconciliation and narrower ones after it, and how long it took. It shows keys and messages, and masks what the mapping calls private.

--verify takes a report's file: it draws the page again from the data in it, recomputes hashes, chain and seals from the
books, compares the books with the digests in the report and with all that it says, and names every byte, value, record and
column that changed since.
With the name of a run instead of a file it checks what the books say of themselves.

Exit codes: 0 done, nothing changed · 2 usage or no such run · 3 the target cannot be reached · 6 --verify found a difference`,
		Example: "  landfall report\n  landfall report acme-0003 -o handover.html\n  landfall report --format json -o -\n  landfall report --verify handover.html",
		Args:    atMostOneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "html" && format != "json" {
				return usagef("--format %s: expected html or json", format)
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			if verify {
				return f.verify(cmd.Context(), target, name, format == "json")
			}
			return f.look(cmd.Context(), target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				found, err := findRun(cmd.Context(), tx, l, file.Name, name)
				if err != nil {
					return err
				}
				account, err := report.Tell(cmd.Context(), tx, l, found, report.AccountOptions{Program: program(), File: file, ShowPrivate: showPrivate})
				if err != nil {
					return err
				}
				text, err := account.Page()
				if format == "json" {
					text, err = account.JSON()
				}
				if err != nil {
					return err
				}
				if out == "-" {
					_, err := f.Out.Write(text)
					return err
				}
				path := out
				if path == "" {
					path = report.AccountFile(runsFolder(runs, target, file), found.Name, format)
				}
				if err := report.WriteAccount(path, text, showPrivate); err != nil {
					return fmt.Errorf("writing the report: %w", err)
				}
				fmt.Fprintln(f.Out, path)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "check a report's file and the books, or the books of a run alone")
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	cmd.Flags().StringVarP(&out, "out", "o", "", "the file to write (default runs/RUN/report.html or account.json); - is standard output")
	cmd.Flags().StringVar(&format, "format", "html", "html or json")
	cmd.Flags().StringVar(&runs, "runs", defaultRuns, "the folder of the files of runs")
	cmd.Flags().BoolVar(&showPrivate, "show-private", false, "do not mask what the mapping calls private")
	return cmd
}

// runsFolder is where the files of runs into a target are: every target counts
// its runs for itself, and their files must not meet.
func runsFolder(runs, target string, file *mapping.File) string {
	if target != "" && target != file.Target && runs == defaultRuns {
		return filepath.Join(runs, target)
	}
	return runs
}

// atMostOneRun wants the name of a run or nothing.
func atMostOneRun(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one run at most, got %d", cmd.CommandPath(), len(args))
	}
	return noBlank(cmd, args)
}

// noBlank refuses an empty name, such as a shell makes of a variable that is not
// set: it must not stand for the newest run.
func noBlank(cmd *cobra.Command, args []string) error {
	for _, arg := range args {
		if strings.TrimSpace(arg) == "" {
			return usagef("%s: an argument is empty: name what is meant, or leave the argument out where the newest run is", cmd.CommandPath())
		}
	}
	return nil
}

// program is the name and version that reports carry.
func program() string { return "landfall " + buildVersion() }
