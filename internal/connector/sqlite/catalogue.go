package sqlite

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// relation is a table as sqlite_schema and pragma table_list know it.
type relation struct {
	name         string
	kind         string // table, view, virtual, shadow
	sql          string
	withoutRowid bool
}

// Table reads what the catalogue says about a table or view. The name is taken
// literally; "main." before it is allowed.
func (db *database) Table(ctx context.Context, name string) (*sqldb.Table, error) {
	found, err := db.find(ctx, name)
	if err != nil {
		return nil, err
	}
	table := &sqldb.Table{Name: sqldb.Name{Table: found.name}, View: found.kind == "view"}
	for _, read := range []func(context.Context, relation, *sqldb.Table) error{
		db.readColumns, db.readUniques, db.readForeignKeys, db.readTriggers,
	} {
		if err := read(ctx, found, table); err != nil {
			return nil, fmt.Errorf("read the catalogue of %s: %w", found.name, err)
		}
	}
	readChecks(table, found.sql)
	markIdentity(found, table)
	return table, nil
}

func (db *database) find(ctx context.Context, name string) (relation, error) {
	var found relation
	var existing []string
	bare := strings.TrimPrefix(name, "main.")
	err := db.each(ctx, `SELECT l.name, l.type, coalesce(s.sql, ''), l.wr
FROM pragma_table_list AS l LEFT JOIN sqlite_schema AS s ON s.name = l.name
WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite_%' ORDER BY l.name`,
		func(row []record.Value) {
			existing = append(existing, row[0].Raw())
			if row[0].Raw() == name || row[0].Raw() == bare && found.name == "" {
				found = relation{row[0].Raw(), row[1].Raw(), row[2].Raw(), row[3].Int() == 1}
			}
		})
	if err == nil && found.name == "" {
		err = sqldb.NoTable(name, existing)
	}
	return found, err
}

// hidden values of pragma table_xinfo.
const (
	hiddenVirtual = 1 // of a virtual table
	generatedLate = 2 // VIRTUAL
	generatedKept = 3 // STORED
)

func (db *database) readColumns(ctx context.Context, found relation, table *sqldb.Table) error {
	keys := map[int64]string{}
	err := db.each(ctx, `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden, dflt_value FROM pragma_table_xinfo(?1) ORDER BY cid`,
		func(row []record.Value) {
			hidden := row[5].Int()
			if hidden == hiddenVirtual {
				return
			}
			column := sqldb.Column{
				Name:       row[0].Raw(),
				Type:       declaredType(row[1].Raw()),
				Nullable:   row[2].Int() == 0,
				HasDefault: row[3].Int() == 1,
				Default:    row[6].Raw(),
				Generated:  hidden == generatedLate || hidden == generatedKept,
			}
			if column.Generated { // the declaration reads INTEGER GENERATED ALWAYS
				column.Type = declaredType(strings.TrimSuffix(row[1].Raw(), " GENERATED ALWAYS"))
			}
			column.Type.FoldCase = !table.View && db.engine.collation(found.name, column.Name) == "NOCASE"
			if place := row[4].Int(); place > 0 {
				keys[place] = column.Name
			}
			table.Columns = append(table.Columns, column)
		}, found.name)
	for place := int64(1); place <= int64(len(keys)); place++ {
		table.PrimaryKey = append(table.PrimaryKey, keys[place])
	}
	return err
}

// markIdentity finds the INTEGER PRIMARY KEY that is another name for the row's
// number: the one primary key that needs no index.
func markIdentity(found relation, table *sqldb.Table) {
	if len(table.PrimaryKey) == 0 {
		return
	}
	for i := range table.Uniques {
		if table.Uniques[i].Primary {
			return
		}
	}
	table.Uniques = append([]sqldb.Unique{{Columns: table.PrimaryKey, Primary: true, Plain: true}}, table.Uniques...)
	column, ok := table.Column(table.PrimaryKey[0])
	if !ok || found.withoutRowid {
		return
	}
	column.Identity, column.HasDefault, column.Nullable = true, true, false
	if strings.Contains(strings.ToUpper(found.sql), "AUTOINCREMENT") {
		column.Sequence = counterTable
	}
}

// each calls visit for every row of a catalogue query.
func (db *database) each(ctx context.Context, sql string, visit func(row []record.Value), args ...any) error {
	rows, err := db.query(ctx, sql, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		visit(rows.Values())
	}
	return rows.Err()
}
