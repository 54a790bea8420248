package proof

import (
	"context"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/sqldb"
)

// Gap is a part of a digest that leaves out what the digest of the run has.
type Gap struct {
	Path string // in the digest
	Text string
}

// Gaps finds out whether the digest speaks of less than one of the run must:
// what it does not speak of, it would not miss. It wants the digest as it was
// read.
func (d *Digest) Gaps(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) (gaps []Gap, err error) {
	gap := func(there bool, path, text string) {
		if there {
			gaps = append(gaps, Gap{path, text})
		}
	}
	row, _, err := l.Books().One(ctx, tx, `SELECT (SELECT coalesce(max(id), 0) FROM {run}), (SELECT coalesce(max(version), 0) FROM {version}),
  (SELECT coalesce(max(version), 0) FROM {version} WHERE applied_at < ?), (SELECT count(*) FROM {run} WHERE parent_id = ? AND mode = ?)`,
		run.StartedAt, run.ID, ledger.ModeRollback)
	if err != nil {
		return nil, err
	}
	newest, version, least, rollbacks := row[0].Int(), row[1].Int(), row[2].Int(), row[3].Int()
	gap(d.Bounds.Undone && rollbacks == 0, "bounds.undone", "the books hold no rollback of the run")
	gap(d.Bounds.Newest < run.ID || d.Bounds.Newest > newest, "bounds.newest_run", "is not the number of a run since")
	gap(d.Bounds.Version < least || d.Bounds.Version > version, "bounds.books_version", "the books were of another version")
	gap(d.Bounds.Newest == run.ID && len(d.Passing) == 0, "passing", "is missing, though there was no later run")
	if d.Bounds.Version != version {
		return gaps, nil // later books may have more columns
	}
	compare := func(extents []extent, prefix string) {
		for _, e := range extents {
			gap(!slices.Equal(d.Columns[prefix+e.table], e.columns), "columns."+prefix+e.table, "are not all columns of the table")
		}
	}
	if compare(lasting(run.ID, d.Bounds), ""); d.Bounds.Newest == run.ID {
		compare(passing(run.ID, run.Migration, d.Bounds), passingPrefix)
	}
	return gaps, nil
}
