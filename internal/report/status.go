package report

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"landfall/internal/ledger"
	"landfall/internal/sqldb"
)

// Status lists a migration's runs, newest first.
func Status(ctx context.Context, w io.Writer, tx sqldb.Tx, l *ledger.Ledger, migration string, asJSON bool) error {
	runs, err := l.Runs(ctx, tx, migration)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(table, "run\tstate\tmode\tover\tstarted\tread\tcreated\tupdated\topen\t")
	}
	for _, run := range runs {
		summary, err := Summarize(ctx, tx, l, run)
		if err != nil {
			return err
		}
		if asJSON {
			if err := JSONLine(w, summary); err != nil {
				return err
			}
			continue
		}
		var total EntityCounts
		for _, counts := range summary.Entities {
			total.Read += counts.Read
			total.Created += counts.Created
			total.Updated += counts.Updated
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", run.Name, run.State, run.Mode, run.Kind(), run.StartedAt,
			grouped(total.Read), grouped(total.Created), grouped(total.Updated), grouped(summary.Open()))
	}
	return table.Flush()
}
