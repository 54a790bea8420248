package run

import (
	"slices"

	"landfall/internal/connector/table"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// tableFor is how rows of a table are read and written by a run that is
// foreseen, and otherwise: by a wave with what can insert and do nothing else to
// them.
func (r *runner) tableFor(t *sqldb.Table, key []sqldb.Column) target.Inserts {
	if rows := r.remoteFor(t, key); rows != nil && r.shadow == nil {
		if r.rehearse {
			return rehearsedRows{rows}
		}
		return rows
	}
	if r.shadow == nil && r.wave() {
		return table.NewInserter(r.books.Dialect(), t, key)
	}
	if r.shadow == nil {
		return table.NewLander(r.books.Dialect(), t, key)
	}
	if known := r.shadow.tables[t.Name.String()]; known != nil {
		if slices.Equal(columnNames(known.key), columnNames(key)) {
			return known
		}
		// A look-up takes another column of a table that is migrated.
		other := *known
		other.present, other.key = r.shadow.presentOf(t, key), key
		return &other
	}
	return &shadowTable{present: r.shadow.presentOf(t, key), shadow: r.shadow, id: -1, table: t, key: key}
}
