package report

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"golang.org/x/term"

	"landfall/internal/indexwork"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// Status is a run in numbers, and how its rejections compare with those of the
// run before.
type Status struct {
	*Summary
	Landed   int64            `json:"landed"` // came to a good end; 0 for a rollback
	Rejected int64            `json:"rejected"`
	Rate     float64          `json:"rejected_rate"`          // rejected of those read, from 0 to 1
	Undone   int64            `json:"reversed,omitempty"`     // of a rollback
	Stay     int64            `json:"not_reversed,omitempty"` // likewise: kept, blocked or failed
	Codes    map[string]int64 `json:"codes"`                  // rejections by code
	// ComparedWith is the run before over the same kind of records; Changes are
	// by how much the rejections of each code grew since.
	ComparedWith string           `json:"compared_with,omitempty"`
	Changes      map[string]int64 `json:"changes,omitempty"`
	// IndexesAway are indexes that the run took and that are not there again.
	IndexesAway []indexwork.Dropped `json:"indexes_away,omitempty"`
	// Unanswered are calls of the run of which it is not known whether they were
	// carried out.
	Unanswered []Unanswered `json:"unanswered,omitempty"`
	// Reconciliation is the newest comparison of the target after the run.
	Reconciliation *Reconciled `json:"reconciliation,omitempty"`
}

// Reconciled is a reconciliation in short.
type Reconciled struct {
	Name        string        `json:"name"`
	State       verdict.State `json:"state"`
	StartedAt   string        `json:"started_at"`
	Differences int64         `json:"differences"` // found so far, where it has not ended
}

func reconciledAfter(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runID int64) (*Reconciled, error) {
	store := verdict.New(l.Books())
	newestFirst, err := store.OfRun(ctx, tx, runID)
	if err != nil || len(newestFirst) == 0 {
		return nil, err
	}
	found := newestFirst[0]
	told := &Reconciled{Name: found.Name, State: found.State, StartedAt: found.StartedAt}
	entities, err := store.Entities(ctx, tx, found.ID)
	for _, e := range entities {
		told.Differences += e.Differences()
	}
	return told, err
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
	away, err := indexwork.Left(ctx, tx, l.Books(), migration)
	if err != nil {
		return nil, err
	}
	var out []*Status
	for i, run := range runs[:shown] {
		summary, err := Summarize(ctx, tx, l, run)
		if err != nil {
			return nil, err
		}
		s := &Status{Summary: summary}
		s.count()
		for _, index := range away {
			if index.RunID == run.ID {
				s.IndexesAway = append(s.IndexesAway, index)
			}
		}
		if beingUndone(runs, run) {
			s.State = ledger.RollingBack
		}
		if s.Reconciliation, err = reconciledAfter(ctx, tx, l, run.ID); err != nil {
			return nil, err
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

// count adds up how many records came to which kind of end.
func (s *Status) count() {
	if s.Mode == ledger.ModeRollback {
		s.Undone, s.Stay = s.Reversed(), s.Open()
		return
	}
	read := int64(0)
	for _, counts := range s.Entities {
		read += counts.Read
	}
	s.Rejected = s.Open()
	if s.Landed = read - s.Rejected; read > 0 {
		s.Rate = float64(s.Rejected) / float64(read)
	}
}

// beingUndone reports whether a rollback of the run is unfinished.
func beingUndone(runs []*ledger.Run, run *ledger.Run) bool {
	return slices.ContainsFunc(runs, func(other *ledger.Run) bool {
		return other.Mode == ledger.ModeRollback && other.ParentID == run.ID && other.State.Resumable()
	})
}

// alike is the newest run that was over the same kind of records: a retry of
// few says nothing about a run over all. What rollbacks keep are no rejections
// that could grow from load to load.
func alike(earlier []*ledger.Run, run *ledger.Run) *ledger.Run {
	if run.Mode == ledger.ModeRollback {
		return nil
	}
	for _, other := range earlier {
		if other.Kind() == run.Kind() && other.State.Ended() {
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

// tellReconciled tells the newest reconciliation after one of the runs.
func tellReconciled(w io.Writer, runs []*Status) {
	var newest *Status
	for _, s := range runs {
		if s.Reconciliation != nil && (newest == nil || s.Reconciliation.StartedAt > newest.Reconciliation.StartedAt) {
			newest = s
		}
	}
	if newest == nil {
		return
	}
	r := newest.Reconciliation
	noun := "differences"
	if r.Differences == 1 {
		noun = "difference"
	}
	fmt.Fprintf(w, "\nNewest reconciliation: %s of run %s, %s, started %s, %s %s\n", r.Name, newest.Run, r.State, r.StartedAt, grouped(r.Differences), noun)
}

// WriteStatus lists runs, newest first, and how rejections went from run to
// run. A terminal gets small charts.
func WriteStatus(w io.Writer, runs []*Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "run\tstate\tmode\tover\tstarted\tread\tlanded\trejected\trate")
	for _, s := range runs {
		if s.Mode == ledger.ModeRollback {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s reversed\t%s stay\t–\n", s.Run, s.State, s.Mode, s.Kind, s.StartedAt,
				grouped(s.Undone+s.Stay), grouped(s.Undone), grouped(s.Stay))
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Run, s.State, s.Mode, s.Kind, s.StartedAt,
			grouped(s.Landed+s.Rejected), grouped(s.Landed), grouped(s.Rejected), percent(s.Rejected, s.Landed+s.Rejected))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	tellReconciled(w, runs)
	file, isFile := w.(*os.File)
	return writeTrends(w, runs, isFile && term.IsTerminal(int(file.Fd())))
}
