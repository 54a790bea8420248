package rollback

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// warnOfLater says before anything is undone which later runs have written
// records of the run since: those records cannot go before those runs do.
func (r *runner) warnOfLater(ctx context.Context) error {
	if r.resumed {
		return nil
	}
	var names []string
	err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		names = nil
		for _, later := range r.later {
			_, found, err := r.books.One(ctx, tx, "SELECT 1 FROM {former} WHERE run_id = ? AND last_run = ? AND state IN ('l', 'p') LIMIT 1", later.ID, r.undone.ID)
			if err != nil {
				return fmt.Errorf("looking for runs that have written the records since: %w", err)
			}
			if found {
				names = append(names, later.Name)
			}
		}
		return nil
	})
	if err != nil || len(names) == 0 {
		return err
	}
	what := "run " + names[0] + " has"
	if len(names) > 1 {
		what = "runs " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " have"
	}
	r.tell(run.Event{Kind: run.EventWarning, Message: fmt.Sprintf("%s written records since that %s wrote; roll back the newest first, else those records stay", what, r.undone.Name)})
	return nil
}
