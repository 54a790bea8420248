package reconcile

import (
	"context"
	"fmt"

	"landfall/internal/ledger"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// undoing tells which runs are undone, newest first.
type undoing []*ledger.Run

func (c *comparison) undoing(ctx context.Context, tx sqldb.Tx) (undoing, error) {
	return c.ledger.Runs(ctx, tx, c.m.File.Name)
}

// inPart reports whether the run is rolled back in part, up to now.
func (u undoing) inPart(run *ledger.Run) bool {
	if run.State == ledger.PartlyRolledBack {
		return true
	}
	for _, r := range u {
		if r.Mode == ledger.ModeRollback && r.ParentID == run.ID && r.State.Resumable() {
			return true
		}
	}
	return false
}

// partly tells of a record whose row was taken back with a run that is not
// rolled back as a whole, or returns nil where it is. The crosswalk knows the run
// that made the record's first row; a later one that made it again may be the
// one that was undone.
func (u undoing) partly(made int64, d verdict.Difference) *verdict.Difference {
	wholly := false
	d.Verdict, d.Rule = verdict.PartlyRolledBack, ""
	d.Message = "its row was taken back, and the source still holds the record"
	for _, r := range u {
		switch {
		case r.ID < made || r.Mode == ledger.ModeRollback:
		case u.inPart(r):
			d.Message = fmt.Sprintf("its row was taken back, and run %s is rolled back in part only", r.Name)
			return &d
		default:
			wholly = wholly || r.State == ledger.RolledBack
		}
	}
	if wholly {
		return nil
	}
	return &d
}

// undoneBy is the run that a rollback undid.
func (u undoing) undoneBy(rollback int64) int64 {
	for _, r := range u {
		if r.ID == rollback {
			return r.ParentID
		}
	}
	return 0
}
