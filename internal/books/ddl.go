package books

import (
	"fmt"
	"strings"

	"landfall/internal/sqldb"
)

func (i *ownIndex) ddl(dialect sqldb.Dialect, own sqldb.OwnTables) string {
	return fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (%s)", dialect.Quote("landfall_"+i.name), dialect.QuoteName(own.OwnName(i.table)), i.columns)
}

// DDL returns the statements that make the books, in order, for a database
// whose owner runs them by hand where Landfall may not create tables.
func DDL(dialect sqldb.Dialect) ([]string, error) {
	own, ok := dialect.(sqldb.OwnTables)
	if !ok {
		return nil, ErrNoOwnTables
	}
	statements := own.OwnSchemaDDL()
	for _, table := range tables {
		statements = append(statements, table.ddl(dialect, own))
	}
	for _, index := range indexes {
		statements = append(statements, index.ddl(dialect, own))
	}
	return append(statements, crosswalkView(dialect, own), stamp(dialect, own)), nil
}

// stamp notes that the books are of the present version.
func stamp(dialect sqldb.Dialect, own sqldb.OwnTables) string {
	return fmt.Sprintf("INSERT INTO %s (version, applied_at) SELECT %d, %s WHERE NOT EXISTS (SELECT 1 FROM %[1]s WHERE version = %[2]d)",
		dialect.QuoteName(own.OwnName("version")), Version, own.Now(0))
}

// forward returns the statements that bring books of an earlier version to the
// present one: so far each version only brought tables and indexes.
func forward(dialect sqldb.Dialect, present int64) ([]string, error) {
	own, ok := dialect.(sqldb.OwnTables)
	if !ok {
		return nil, ErrNoOwnTables
	}
	var statements []string
	for _, table := range tables {
		if table.since > present {
			statements = append(statements, table.ddl(dialect, own))
		}
	}
	for _, index := range indexes {
		if index.since > present {
			statements = append(statements, index.ddl(dialect, own))
		}
	}
	return append(statements, stamp(dialect, own)), nil
}

func (t *ownTable) ddl(dialect sqldb.Dialect, own sqldb.OwnTables) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (\n", dialect.QuoteName(own.OwnName(t.name)))
	for _, column := range t.columns {
		kind := column.kind
		if kind == bytes {
			kind = own.BytesType()
		}
		fmt.Fprintf(&b, "  %s %s", dialect.Quote(column.name), kind)
		if !column.null {
			b.WriteString(" NOT NULL")
		}
		b.WriteString(",\n")
	}
	for _, unique := range t.unique {
		fmt.Fprintf(&b, "  UNIQUE (%s),\n", quoteAll(dialect, unique))
	}
	fmt.Fprintf(&b, "  PRIMARY KEY (%s)\n)", quoteAll(dialect, t.primary))
	if t.clustered {
		b.WriteString(own.ClusteredSuffix())
	}
	return b.String()
}

func quoteAll(dialect sqldb.Dialect, names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = dialect.Quote(name)
	}
	return strings.Join(quoted, ", ")
}

// crosswalkView spells the crosswalk with names instead of numbers, for people
// who look into the database with a tool of their own.
func crosswalkView(dialect sqldb.Dialect, own sqldb.OwnTables) string {
	name := func(table string) string { return dialect.QuoteName(own.OwnName(table)) }
	return own.CreateView() + fmt.Sprintf(` %s AS SELECT e.migration, e.name AS entity, c.source_key, t.name AS target_table, c.target_key,
  CASE c.role WHEN 'c' THEN 'created' WHEN 'a' THEN 'adopted' WHEN 'l' THEN 'linked' ELSE 'alias' END AS role,
  CASE c.state WHEN 'l' THEN 'live' WHEN 'r' THEN 'reserved' WHEN 'p' THEN 'pending' WHEN 'h' THEN 'held' WHEN 'd' THEN 'deleted' ELSE 'rolled-back' END AS state,
  c.record_no, f.name AS first_run, l.name AS last_run
FROM %s c JOIN %s e ON e.id = c.entity_id JOIN %s t ON t.id = c.table_id
  LEFT JOIN %s f ON f.id = c.first_run LEFT JOIN %s l ON l.id = c.last_run`,
		name("records"), name("crosswalk"), name("entity"), name("target_table"), name("run"), name("run"))
}
