package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/books"
	"landfall/internal/connector/table"
	"landfall/internal/intent"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// presentRecords are an API's records as they are. What it would say of others is
// not known before they are sent.
type presentRecords struct{ *remoteRows }

// Referring implements present: an API is not asked who refers to whom.
func (presentRecords) Referring(context.Context, sqldb.Tx, sqldb.Column, []record.Value) ([][]record.Value, error) {
	return nil, nil
}

// Rules implements present.
func (presentRecords) Rules([]sqldb.Column) []table.Rule { return nil }

// Breaking implements present.
func (presentRecords) Breaking(context.Context, sqldb.Tx, *table.Rule, []sqldb.Column, [][]record.Value) ([]target.Refusal, error) {
	return nil, nil
}

// intentsSince is the version of the books that brought intents.
const intentsSince = 5

// unforeseen are, in words, the rules that only the target can judge.
func (r *runner) unforeseen(ctx context.Context, e *migration.Entity, id int64) ([]string, error) {
	if e.Remote == nil {
		return table.NewLander(r.m.Looker().Dialect(), e.Table, e.Key).Unforeseen(), nil
	}
	words := []string{fmt.Sprintf("what the API itself refuses of %s", e.Table.Name)}
	for _, unique := range e.Table.Uniques {
		if slices.Equal(unique.Columns, columnNames(e.Key)) && e.To.NewKey != mapping.KeyNatural || slices.Equal(unique.Columns, e.To.Match) {
			continue
		}
		if !slices.ContainsFunc(unique.Columns, func(name string) bool { return !slices.Contains(e.Program.Columns, name) }) {
			words = append(words, fmt.Sprintf("whether another record of %s holds the same %s", e.Table.Name, strings.Join(unique.Columns, ", ")))
		}
	}
	present, err := books.Present(ctx, r.m.Looker())
	if err != nil || present < intentsSince {
		return words, err
	}
	open := int64(0)
	err = r.shadow.there.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		_, open, err = intent.Of(r.shadow.behind, id).Count(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for calls whose answers are lost: %w", err)
	}
	if open > 0 {
		words = append(words, fmt.Sprintf("what became of %d records of %s that were sent before and not answered: the run asks first", open, e.Table.Name))
	}
	return words, nil
}
