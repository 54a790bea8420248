package migration

import (
	"context"
	"errors"
	"fmt"

	"landfall/internal/sqldb"
)

// TryIndexes asks whether the steps around the entities' loads can be done:
// making indexes again, refreshing statistics. What is wrong with the mapping
// is told as problems at their places; with a right that is missing the error
// wraps ErrEnvironment.
func (m *Migration) TryIndexes(ctx context.Context) error {
	if m.api != nil {
		return nil // check tells
	}
	keeper, able := m.looker.Dialect().(sqldb.Indexes)
	tx, err := m.looker.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	var wrong []error
	for _, e := range m.Entities {
		for _, step := range []struct {
			key    string
			wanted bool
			whyNot func(sqldb.Indexes, context.Context, sqldb.Tx, sqldb.Name) (string, bool, error)
		}{
			{"indexes", e.RebuildIndexes, sqldb.Indexes.WhyNotRebuild},
			{"analyze", e.Analyze, sqldb.Indexes.WhyNotAnalyze},
		} {
			if !step.wanted {
				continue
			}
			why, denied := "this kind of database does not let its indexes be taken away and made again", false
			if able {
				if why, denied, err = step.whyNot(keeper, ctx, tx, e.Table.Name); err != nil {
					return fmt.Errorf("%s: %s: %w", e.Name, step.key, err)
				}
			}
			if why == "" {
				continue
			}
			var problem error = m.File.Problem(e.PositionOf(step.key), e.Name+": "+step.key+": "+why)
			if denied {
				problem = fmt.Errorf("%w: %w", ErrEnvironment, problem)
			}
			wrong = append(wrong, problem)
		}
	}
	return errors.Join(wrong...)
}
