package sqlite

import (
	"context"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// readUniques lists unique indexes; an expression has no column name, and its
// index is then known by its name alone.
func (db *database) readUniques(ctx context.Context, found relation, table *sqldb.Table) error {
	at := map[string]int{}
	err := db.each(ctx, `SELECT l.name, l.origin, l.partial, x.name, x.coll
FROM pragma_index_list(?1) AS l JOIN pragma_index_xinfo(l.name) AS x
WHERE l."unique" = 1 AND x.key = 1 ORDER BY l.seq DESC, x.seqno`,
		func(row []record.Value) {
			name := row[0].Raw()
			if _, known := at[name]; !known {
				at[name] = len(table.Uniques)
				table.Uniques = append(table.Uniques, sqldb.Unique{Name: name, Primary: row[1].Raw() == "pk", Plain: row[2].Int() == 0})
			}
			unique := &table.Uniques[at[name]]
			if row[3].IsNull() || row[4].Raw() != "BINARY" {
				unique.Plain = false
			}
			if !row[3].IsNull() {
				unique.Columns = append(unique.Columns, row[3].Raw())
			}
		}, found.name)
	// The primary key first, and what we can judge before what we cannot.
	slices.SortStableFunc(table.Uniques, func(a, b sqldb.Unique) int { return rank(a) - rank(b) })
	return err
}

func rank(u sqldb.Unique) int {
	switch {
	case u.Primary:
		return 0
	case u.Plain:
		return 1
	}
	return 2
}

// readForeignKeys lists references; one without target columns means the
// parent's primary key. No pragma tells which are deferred, so when the
// table's SQL defers any, all count as deferred.
func (db *database) readForeignKeys(ctx context.Context, found relation, table *sqldb.Table) error {
	deferred := strings.Contains(strings.Join(strings.Fields(strings.ToUpper(found.sql)), " "), "INITIALLY DEFERRED")
	last := int64(-1)
	err := db.each(ctx, `SELECT id, "table", "from", "to", on_delete FROM pragma_foreign_key_list(?1) ORDER BY id, seq`,
		func(row []record.Value) {
			if row[0].Int() != last {
				last = row[0].Int()
				table.ForeignKeys = append(table.ForeignKeys, sqldb.ForeignKey{
					References: sqldb.Name{Table: row[1].Raw()}, Deferred: deferred, OnDelete: row[4].Raw(),
				})
			}
			key := &table.ForeignKeys[len(table.ForeignKeys)-1]
			key.Columns = append(key.Columns, row[2].Raw())
			if !row[3].IsNull() {
				key.Referenced = append(key.Referenced, row[3].Raw())
			}
		}, found.name)
	if err != nil {
		return err
	}
	for i := range table.ForeignKeys {
		key := &table.ForeignKeys[i]
		if err := db.completeReference(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// completeReference gives a reference its parent's own spelling and columns.
// SQLite lets a table refer to one that does not exist (yet).
func (db *database) completeReference(ctx context.Context, key *sqldb.ForeignKey) error {
	err := db.each(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
		func(row []record.Value) { key.References.Table = row[0].Raw() }, key.References.Table)
	if err != nil || len(key.Referenced) > 0 {
		return err
	}
	return db.each(ctx, "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk",
		func(row []record.Value) { key.Referenced = append(key.Referenced, row[0].Raw()) }, key.References.Table)
}
