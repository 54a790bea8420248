package cli

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

// progress shows what goes on: to people beside the result, to programs before it.
func (f *front) progress(asJSON bool) report.Progress {
	if asJSON {
		return report.NewProgress(f.Out, true)
	}
	return report.NewProgress(f.Err, false)
}

// tellCarried reads back what a run came to, lets files write what belongs to it
// into a folder, and prints the closing table.
func (f *front) tellCarried(ctx context.Context, open func(context.Context) (sqldb.DB, error), r *ledger.Run, asJSON bool,
	files func(tx sqldb.Tx, l *ledger.Ledger, summary *report.Summary, stored *ledger.Run) (dir string, err error),
) (*report.Summary, error) {
	db, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	b, err := books.New(db.Dialect())
	if err != nil {
		return nil, err
	}
	l := ledger.New(b)
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx)
	stored, err := findRun(ctx, tx, l, r.Migration, r.Name)
	if err != nil {
		return nil, err
	}
	summary, err := report.Summarize(ctx, tx, l, stored)
	if err != nil {
		return nil, err
	}
	dir, err := files(tx, l, summary, stored)
	if err != nil {
		return summary, fmt.Errorf("the run's files: %w", err)
	}
	if asJSON {
		return summary, report.JSONLine(f.Out, summary)
	}
	report.Closing(f.Out, summary)
	fmt.Fprintf(f.Out, "\nFiles: %s\n", dir)
	return summary, nil
}

// brokenOff says how to go on with what did not come to its end; nil where it
// did. safe says what is done already.
func (f *front) brokenOff(err, tellErr error, stopped, asJSON bool, safe string) error {
	switch {
	case err != nil:
		if tellErr == nil && !asJSON {
			fmt.Fprintf(f.Err, "%s is safe; go on with: landfall resume%s\n", safe, f.fileFlag())
		}
		return err
	case tellErr != nil:
		return tellErr
	case stopped:
		if !asJSON {
			fmt.Fprintf(f.Out, "\nStopped after a whole batch. Go on with: landfall resume%s\n", f.fileFlag())
		}
		return &ended{exitInterrupted}
	}
	return nil
}
