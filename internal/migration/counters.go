package migration

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// TryCounters warns of counters that rows with given keys leave behind, and that
// this user may not move: the next row that the application inserts may be
// refused then.
func (m *Migration) TryCounters(ctx context.Context) error {
	if m.api != nil {
		return nil
	}
	dialect := m.looker.Dialect()
	tx, err := m.looker.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	for _, e := range m.Entities {
		for i := range e.Columns {
			column, known := e.Table.Column(e.Columns[i].Name)
			if !known || e.drawn(column.Name) {
				continue
			}
			may, err := sqldb.MayMoveCounter(ctx, tx, dialect, column)
			if err != nil {
				return err
			}
			if !may {
				m.Findings = append(m.Findings, Finding{
					Severity: Warning, Entity: e.Name, Position: e.To.Position,
					Text: fmt.Sprintf("%s.%s: this user may not move the counter behind it (%s), which keys that the mapping brings may leave behind: the next row that the application inserts may be refused then; grant SELECT and UPDATE on it, or have its owner move it afterwards",
						e.Table.Name, column.Name, column.Sequence),
				})
			}
		}
	}
	return nil
}

// drawn reports whether a column's values come from its own counter, which is
// never behind them.
func (e *Entity) drawn(column string) bool {
	own := e.To.NewKey == mapping.KeyIdentity || e.To.NewKey == mapping.KeySequence && e.To.Sequence == ""
	return own && slices.Contains(e.To.KeyColumns, column)
}
