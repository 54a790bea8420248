package dataload

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/rollback"
	"landfall/internal/source"
)

// limitsLine is where the composed mapping says how gently the API is called.
var limitsLine = regexp.MustCompile(`(?m)^    limits: \{.*\}$`)

// gentle writes the run's mapping once more with the limits of this command.
func (u *undoing) gentle(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the workspace: %w", err)
	}
	text = limitsLine.ReplaceAllLiteral(text, []byte("    limits: {"+u.o.limits()+"}"))
	at := filepath.Join(filepath.Dir(path), u.o.migration()+".rollback.yaml")
	return at, keep(at, text)
}

// books opens the books of the run for reading.
func (u *undoing) books(ctx context.Context, within func(*bookkeeping) error) error {
	return readBooks(ctx, u.end.OpenTarget, u.end.File.Name, within)
}

// undoneRun is what the books say of a run and of its rollback.
type undoneRun struct {
	*bookkeeping
	u        *undoing
	run      *ledger.Run
	entity   ledger.Entity
	batches  []*ledger.Marker             // of the run, in order
	ends     *ledger.Ends                 // of the run
	at       int                          // the batch that was holds, or -1
	was      map[int64]record.Disposition // by the record's number
	rollback *ledger.Run
}

// tell writes what became of each record that the rollback touched, in the order
// in which the run had read them: rollbacks go from behind.
func (u *undoing) tell(ctx context.Context, result *rollback.Result) error {
	return u.books(ctx, func(b *bookkeeping) error {
		of := &undoneRun{bookkeeping: b, u: u, at: -1}
		var err error
		if of.run, err = b.find(result.Undone.Name); err != nil {
			return err
		}
		if of.rollback, err = b.find(result.Run.Name); err != nil {
			return err
		}
		entities, err := b.l.Entities(ctx, b.tx, of.rollback.ID)
		if err != nil || len(entities) == 0 {
			return err
		}
		of.entity = entities[0]
		if of.batches, err = b.l.Batches(ctx, b.tx, of.run.ID, of.entity.ID); err != nil {
			return err
		}
		if of.ends, err = b.l.EndsOf(ctx, b.tx, of.run.ID, of.entity.ID); err != nil {
			return err
		}
		undone, err := b.l.Batches(ctx, b.tx, of.rollback.ID, of.entity.ID)
		if err != nil {
			return err
		}
		for _, marker := range slices.Backward(undone) {
			if err := of.batch(ctx, marker); err != nil {
				return err
			}
		}
		return nil
	})
}

// batch writes the records of one batch of the rollback.
func (of *undoneRun) batch(ctx context.Context, marker *ledger.Marker) error {
	said := map[string]*ledger.Told{}
	err := of.l.Entries(ctx, of.tx, func(told *ledger.Told) error {
		said[told.Key] = told
		return nil
	}, "e.run_id = ? AND e.entity_id = ? AND e.slice_no = ? AND e.ordinal = ?", marker.RunID, marker.EntityID, int64(marker.Slice), marker.Ordinal)
	if err != nil {
		return err
	}
	ends, err := of.l.EndsOf(ctx, of.tx, of.rollback.ID, of.entity.ID)
	if err != nil {
		return err
	}
	var lines []ledger.Line
	err = ends.Batch(ctx, of.tx, marker.Slice, marker.Ordinal, func(_, _ ledger.Spot, line *ledger.Line) error {
		lines = append(lines, *line)
		return nil
	})
	if err != nil {
		return err
	}
	sort.SliceStable(lines, func(i, j int) bool { return lines[i].Number < lines[j].Number })
	for i := range lines {
		if err := of.line(ctx, &lines[i], said[lines[i].Key]); err != nil {
			return err
		}
	}
	return nil
}

func (of *undoneRun) line(ctx context.Context, line *ledger.Line, told *ledger.Told) error {
	if err := of.recall(ctx, line.Number); err != nil {
		return err
	}
	switch of.was[line.Number] {
	case record.Skipped, record.Unchanged, record.Duplicate:
		return nil // the run had left it alone: only the books were put back
	}
	batch := int64(0)
	if of.at >= 0 {
		batch = of.batches[of.at].Ordinal + 1
	}
	row := landedRow{batch: number(batch), line: number(line.Number + 1), uuid: line.TargetKey, key: strings.Join(record.SplitKey(line.Key), "|")}
	end := undoneRow{landedRow: row, updated: of.was[line.Number] == record.Updated}
	switch {
	case line.Disposition != record.Reversed:
		end.failed = true
		if told != nil {
			end.reason, end.changed = told.Message, told.Code == record.CodeEdited
		}
	case told != nil && told.Message == rollback.GoneAlready:
		end.absent = true
	case told != nil && strings.Contains(told.Message, rollback.NotGivenBack):
		end.failed, end.reason = true, told.Message // the user cannot log in as before
	}
	return of.u.write(&end)
}

// recall finds the run's batch that a record was in, and what it had become.
func (of *undoneRun) recall(ctx context.Context, number int64) error {
	at := sort.Search(len(of.batches), func(i int) bool {
		end, err := source.ParsePosition(of.batches[i].End)
		return err != nil || end.Number >= number
	})
	if at == of.at || at == len(of.batches) {
		return nil
	}
	of.at, of.was = at, map[int64]record.Disposition{}
	return of.ends.Batch(ctx, of.tx, of.batches[at].Slice, of.batches[at].Ordinal, func(_, _ ledger.Spot, line *ledger.Line) error {
		of.was[line.Number] = line.Disposition
		return nil
	})
}
