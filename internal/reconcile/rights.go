package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/migration"
	"landfall/internal/sqldb"
)

// mayRead checks that all that is compared may be read, before anything is: it
// would be found out only when the entity's turn has come.
func (w *work) mayRead(ctx context.Context) error {
	if w.m.API() != nil {
		return w.mayAsk()
	}
	var denied []string
	asked := map[string]bool{}
	ask := func(table *sqldb.Table, columns []sqldb.Column) error {
		dialect := w.m.Looker().Dialect()
		names := make([]string, len(columns))
		for i := range columns {
			names[i] = dialect.Quote(columns[i].Name)
		}
		query := fmt.Sprintf("SELECT %s FROM %s WHERE 1 = 0", strings.Join(names, ", "), dialect.QuoteName(table.Name))
		if asked[query] {
			return nil
		}
		asked[query] = true
		err := w.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error { // of its own: a refusal ends the transaction
			rows, err := tx.Query(ctx, query)
			if err != nil {
				return err
			}
			defer rows.Close()
			rows.Next()
			return rows.Err()
		})
		if !w.isDenied(err) {
			return err
		}
		if name := table.Name.String(); !slices.Contains(denied, name) {
			denied = append(denied, name)
		}
		return nil
	}
	for _, e := range w.x.Entities {
		columns := slices.Clone(e.Key)
		for _, column := range slices.Concat(e.Columns, e.Match) {
			if !slices.ContainsFunc(columns, func(c sqldb.Column) bool { return c.Name == column.Name }) {
				columns = append(columns, column)
			}
		}
		if err := ask(e.Table, columns); err != nil {
			return err
		}
		for i := range e.Program.Refs {
			for _, name := range e.Program.Refs[i].Entities {
				parent := w.m.Entity(name)
				if err := ask(parent.Table, parent.Key); err != nil {
					return err
				}
			}
		}
	}
	if len(denied) == 0 {
		return nil
	}
	return fmt.Errorf("%w: this user may not read %s: it needs SELECT on all columns that the mapping fills, and on the keys of rows that are referred to",
		migration.ErrEnvironment, strings.Join(denied, " and "))
}
