package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Said is what a report says of the part of a run that may lawfully change.
type Said struct {
	State   ledger.State
	EndedAt string
	Error   string
}

// states checks what may change of a run: its state alone, once it has ended,
// and only by a rollback that the books hold.
func (v *Verdict) states(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, said *Said) error {
	known := []ledger.State{ledger.Running, ledger.Interrupted, ledger.Broken, ledger.Completed, ledger.Unreconciled, ledger.Abandoned, ledger.RolledBack, ledger.PartlyRolledBack}
	fault := func(column, text string) {
		v.add(Fault{Table: "run", Row: run.Name, Columns: []string{column}, Text: text})
	}
	if !slices.Contains(known, run.State) {
		fault("state", "is none that a run can have")
		return nil
	}
	done, err := undoings(ctx, tx, l, run)
	if err != nil {
		return err
	}
	switch {
	case run.State == ledger.RolledBack && !done.whole:
		fault("state", "no completed rollback of the run has undone all of it")
	case run.State == ledger.PartlyRolledBack && !done.some:
		fault("state", "no rollback of the run has undone anything")
	case Final(run.State) && run.State != ledger.RolledBack && run.State != ledger.PartlyRolledBack && done.some:
		fault("state", "a rollback has undone the run, and the state does not say so")
	case said == nil || !Final(said.State):
	case run.State != said.State && run.State != ledger.RolledBack && run.State != ledger.PartlyRolledBack:
		fault("state", "is not what it was when the report was made")
	}
	if said == nil || !Final(said.State) {
		return nil
	}
	// A rollback turns the state and leaves the rest.
	if run.EndedAt != said.EndedAt {
		fault("ended_at", "is not what it was when the report was made")
	}
	if run.Error != said.Error {
		fault("error", "is not what it was when the report was made")
	}
	return nil
}

// undone is what rollbacks of a run came to.
type undone struct {
	whole bool // one of them completed and left nothing
	some  bool // one of them, that has ended, took something back
}

func undoings(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) (done undone, err error) {
	type rollback struct {
		id   int64
		part bool
	}
	var ended []rollback
	err = l.Books().Query(ctx, tx, func(row []record.Value) error {
		if state := ledger.State(row[1].String()); Final(state) {
			var options ledger.Options
			// Options that cannot be read are told where that rollback is verified.
			_ = json.Unmarshal([]byte(row[2].String()), &options)
			ended = append(ended, rollback{id: row[0].Int(), part: state == ledger.Abandoned || len(options.Only) > 0})
		}
		return nil
	}, "SELECT id, state, options FROM {run} WHERE parent_id = ? AND mode = ? ORDER BY id", run.ID, ledger.ModeRollback)
	if err != nil {
		return done, err
	}
	for _, r := range ended {
		counts := ledger.Counts{}
		err := l.Books().Query(ctx, tx, func(row []record.Value) error {
			var of ledger.Counts
			err := json.Unmarshal([]byte(row[0].String()), &of)
			counts.Add(of)
			return err
		}, "SELECT counts FROM {marker} WHERE run_id = ?", r.id)
		if err != nil {
			return done, fmt.Errorf("the batches of rollback %d: %w", r.id, err)
		}
		left := counts[record.Kept] + counts[record.Blocked] + counts[record.Failed]
		done.some = done.some || counts[record.Reversed] > 0
		done.whole = done.whole || left == 0 && !r.part
	}
	return done, nil
}
