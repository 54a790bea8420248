package report

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"golang.org/x/term"

	"landfall/internal/ledger"
	"landfall/internal/sqldb"
)

// Status is a run in numbers, and how its rejections compare with those of the
// run before.
type Status struct {
	*Summary
	Landed   int64            `json:"landed"` // came to a good end
	Rejected int64            `json:"rejected"`
	Rate     float64          `json:"rejected_rate"` // rejected of those read, from 0 to 1
	Codes    map[string]int64 `json:"codes"`         // rejections by code
	// ComparedWith is the run before over the same kind of records; Changes are
	// by how much the rejections of each code grew since.
	ComparedWith string           `json:"compared_with,omitempty"`
	Changes      map[string]int64 `json:"changes,omitempty"`
}

// LastRuns sums up the newest runs of a migration, newest first; 0 stands for
// all of them. The oldest that are asked for are compared with older ones still.
func LastRuns(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, migration string, last int) ([]*Status, error) {
	runs, err := l.Runs(ctx, tx, migration)
	if err != nil {
		return nil, err
	}
	shown := len(runs)
	if last > 0 {
		shown = min(shown, last)
	}
	codes := map[int64]map[string]int64{}
	codesOf := func(run *ledger.Run) (map[string]int64, error) {
		if codes[run.ID] == nil {
			found, err := l.RejectionCodes(ctx, tx, run.ID)
			if err != nil {
				return nil, err
			}
			codes[run.ID] = found
		}
		return codes[run.ID], nil
	}
	var out []*Status
	for i, run := range runs[:shown] {
		summary, err := Summarize(ctx, tx, l, run)
		if err != nil {
			return nil, err
		}
		s := &Status{Summary: summary, Rejected: summary.Open()}
		read := int64(0)
		for _, counts := range summary.Entities {
			read += counts.Read
		}
		if s.Landed = read - s.Rejected; read > 0 {
			s.Rate = float64(s.Rejected) / float64(read)
		}
		if s.Codes, err = codesOf(run); err != nil {
			return nil, err
		}
		if before := alike(runs[i+1:], run); before != nil {
			was, err := codesOf(before)
			if err != nil {
				return nil, err
			}
			s.ComparedWith, s.Changes = before.Name, changesOf(was, s.Codes)
		}
		out = append(out, s)
	}
	return out, nil
}

// alike is the newest run that was over the same kind of records: a retry of
// few says nothing about a run over all.
func alike(earlier []*ledger.Run, run *ledger.Run) *ledger.Run {
	for _, other := range earlier {
		if other.Kind() == run.Kind() && other.State == ledger.Completed {
			return other
		}
	}
	return nil
}

func changesOf(was, is map[string]int64) map[string]int64 {
	changes := map[string]int64{}
	for code, n := range is {
		if n != was[code] {
			changes[code] = n - was[code]
		}
	}
	for code, n := range was {
		if is[code] == 0 {
			changes[code] = -n
		}
	}
	return changes
}

// WriteStatus lists runs, newest first, and how rejections went from run to
// run. A terminal gets small charts.
func WriteStatus(w io.Writer, runs []*Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "run\tstate\tmode\tover\tstarted\tread\tlanded\trejected\trate")
	for _, s := range runs {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Run, s.State, s.Mode, s.Kind, s.StartedAt,
			grouped(s.Landed+s.Rejected), grouped(s.Landed), grouped(s.Rejected), percent(s.Rejected, s.Landed+s.Rejected))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	file, isFile := w.(*os.File)
	return writeTrends(w, runs, isFile && term.IsTerminal(int(file.Fd())))
}
