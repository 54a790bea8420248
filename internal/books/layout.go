package books

// Layout names the columns of one of the books' tables.
type Layout struct {
	Table   string
	Columns []string // in the order of the table
	Primary []string
}

// Layouts lists the tables of the books, for those who must miss none of them.
func Layouts() []Layout {
	layouts := make([]Layout, len(tables))
	for i := range tables {
		layouts[i] = Layout{Table: tables[i].name, Primary: tables[i].primary}
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
