package rollback

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// RightsError says which rights a rollback lacks; nothing has been undone.
type RightsError struct {
	Run     string // the run to undo
	Lacking []sqldb.Want
}

// Error names the rights.
func (e *RightsError) Error() string {
	names := make([]string, len(e.Lacking))
	for n := range e.Lacking {
		names[n] = e.Lacking[n].String()
	}
	return fmt.Sprintf("rolling %s back takes rights that the user of the target has not, and nothing was undone: grant %s", e.Run, strings.Join(names, ", "))
}

// Denied is true: a right is missing.
func (e *RightsError) Denied() bool { return true }

// mayUndo asks for all rights before the first row goes: a rollback that finds
// out at its second table leaves the run half undone.
func (r *runner) mayUndo(ctx context.Context, tx sqldb.Tx) error {
	var wants []sqldb.Want
	for _, e := range r.entities {
		if r.only != nil && !e.asked() {
			continue
		}
		if e.Remote != nil {
			if err := e.able(ctx, tx); err != nil {
				return err
			}
			continue
		}
		more, err := e.rights(ctx, tx)
		if err != nil {
			return fmt.Errorf("%s: looking for the rights that undoing it takes: %w", e.done.Name, err)
		}
		wants = append(wants, more...)
	}
	lacking, err := sqldb.Lacking(ctx, tx, r.books.Dialect(), wants)
	if err != nil || len(lacking) == 0 {
		return err
	}
	return &RightsError{r.undone.Name, lacking}
}

// able refuses to undo what an API has no request for: a rollback that finds out
// at its second type of record leaves the run half undone.
func (e *entityUndo) able(ctx context.Context, tx sqldb.Tx) error {
	counts, _, err := e.ledger.Counts(ctx, tx, e.runner.undone.ID, e.done.ID)
	if err != nil {
		return err
	}
	can := e.Remote.Abilities()
	var lacking []string
	for _, need := range []struct {
		wanted, able bool
		what         string
	}{
		{counts[record.Created]+counts[record.Updated] > 0, can.Fetch, "read records, so that those which people have changed since are told from the others"},
		{counts[record.Created] > 0, can.Delete, "delete records"},
		{counts[record.Updated] > 0, can.Update, "change records"},
	} {
		if need.wanted && !need.able {
			lacking = append(lacking, need.what)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	return refusedf("rolling %s back takes requests for %s that the connection %s does not describe, and nothing was undone: it must be able to %s", e.runner.undone.Name, e.Table.Name, e.end.Target.Name, strings.Join(lacking, " and to "))
}

// asked reports whether records of the entity are among those to undo.
func (e *entityUndo) asked() bool {
	for ref := range e.only {
		if ref.Entity == e.Name {
			return true
		}
	}
	return false
}

// rights lists what undoing the entity takes: rows are read and kept from
// changing, those that the run made are deleted, and others written.
func (e *entityUndo) rights(ctx context.Context, tx sqldb.Tx) ([]sqldb.Want, error) {
	counts, _, err := e.ledger.Counts(ctx, tx, e.runner.undone.ID, e.done.ID)
	if err != nil {
		return nil, err
	}
	made, changed := counts[record.Created] > 0, counts[record.Updated] > 0
	if !made && !changed {
		return nil, nil
	}
	ids, err := e.written(ctx, tx, "'c', 'a'")
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var read, written []string
	add := func(to *[]string, columns []sqldb.Column) {
		for _, column := range columns {
			if !slices.Contains(*to, column.Name) {
				*to = append(*to, column.Name)
			}
		}
	}
	add(&read, e.Key)
	for _, id := range ids {
		s, err := e.shape(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		add(&read, slices.Concat(s.Columns, s.unwritten, s.onceColumns()))
		add(&written, s.Columns)
	}
	table := e.Table.Name
	wants := []sqldb.Want{{Right: sqldb.RightSelect, Table: table, Columns: read}}
	if e.books.Dialect().LockRows() != "" {
		wants = append(wants, sqldb.Want{Right: sqldb.RightUpdate, Table: table})
	}
	if made {
		wants = append(wants, sqldb.Want{Right: sqldb.RightDelete, Table: table})
	}
	if changed {
		wants = append(wants, sqldb.Want{Right: sqldb.RightUpdate, Table: table, Columns: written})
	}
	for _, by := range e.refs {
		moves := changed && slices.ContainsFunc(by.Referenced, func(name string) bool { return slices.Contains(written, name) })
		if made || moves {
			wants = append(wants, sqldb.Want{Right: sqldb.RightSelect, Table: by.From, Columns: slices.Concat(by.Columns, by.Key)})
		}
	}
	return wants, nil
}
