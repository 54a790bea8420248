package run

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// rolledBack finds those of the keys whose records a rollback took from the
// target, with the runs that it undid.
type rolledBack interface {
	RolledBack(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]int64, error)
}

// addUndone adds to the causes, by key, the records of which no entry tells that
// they failed, since they landed and were rolled back.
func (r *runner) addUndone(ctx context.Context, tx sqldb.Tx, of rolledBack, keys []string, causes map[string]ledger.Cause) error {
	var unexplained []string
	for _, key := range keys {
		if _, explained := causes[key]; !explained {
			unexplained = append(unexplained, key)
		}
	}
	if len(unexplained) == 0 {
		return nil
	}
	undone, err := of.RolledBack(ctx, tx, unexplained)
	if err != nil {
		return err
	}
	byRun := map[int64]ledger.Cause{}
	for key, id := range undone {
		cause, known := byRun[id]
		if !known {
			cause = ledger.Cause{Disposition: record.Reversed}
			if cause.RunName, err = r.ledger.NameOf(ctx, tx, id); err != nil {
				return err
			}
			if cause.Rollbacks, err = r.ledger.RollbacksOf(ctx, tx, id); err != nil {
				return err
			}
			byRun[id] = cause
		}
		causes[key] = cause
	}
	return nil
}

// undoneParent rejects a record whose parent is not on the target any more.
func undoneParent(rejection *record.Rejection, parent record.Ref, cause *ledger.Cause) *record.Rejection {
	rejection.Blocked, rejection.Code = true, record.CodeParentUndone
	rejection.Err = fmt.Errorf("%s was rolled back with run %s (by %s): run all records again, so that it lands anew",
		parent, cause.RunName, strings.Join(cause.Rollbacks, ", "))
	return rejection
}
