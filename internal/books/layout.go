package books

import (
	"context"

	"landfall/internal/sqldb"
)

// Layout names the columns of one of the books' tables.
type Layout struct {
	Table   string
	Columns []string // in the order of the table
	Primary []string
	Since   int64 // the version of the books that brought it
}

// Layouts lists the tables of the books, for those who must miss none of them.
func Layouts() []Layout {
	layouts := make([]Layout, len(tables))
	for i := range tables {
		layouts[i] = Layout{Table: tables[i].name, Primary: tables[i].primary, Since: tables[i].since}
		for _, column := range tables[i].columns {
			layouts[i].Columns = append(layouts[i].Columns, column.name)
		}
	}
	return layouts
}

// LayoutOf finds a table of the books; it must be one.
func LayoutOf(table string) Layout {
	for _, layout := range Layouts() {
		if layout.Table == table {
			return layout
		}
	}
	panic("the books have no table " + table)
}

// Able reports whether the books in the database are of a version that has the
// table: commands that only look meet books that no run has brought forward.
func (b *Books) Able(ctx context.Context, tx sqldb.Tx, table string) (bool, error) {
	row, _, err := b.One(ctx, tx, "SELECT coalesce(max(version), 0) FROM {version}")
	if err != nil {
		return false, err
	}
	return row[0].Int() >= LayoutOf(table).Since, nil
}
