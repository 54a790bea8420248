package sqlite

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// References implements sqldb.References.
func (db *database) References(ctx context.Context, to sqldb.Name) ([]sqldb.Reference, error) {
	var found []sqldb.Reference
	id, table := int64(-1), ""
	err := db.each(ctx, `SELECT s.name, f.id, f."from", f."to", f.on_delete, f.on_update
FROM sqlite_schema AS s JOIN pragma_foreign_key_list(s.name) AS f
WHERE s.type = 'table' AND f."table" = ?1 COLLATE NOCASE ORDER BY s.name, f.id, f.seq`,
		func(row []record.Value) {
			if row[0].Raw() != table || row[1].Int() != id {
				table, id = row[0].Raw(), row[1].Int()
				found = append(found, sqldb.Reference{From: sqldb.Name{Table: table}, OnDelete: row[4].Raw(), OnUpdate: row[5].Raw()})
			}
			last := &found[len(found)-1]
			last.Columns = append(last.Columns, row[2].Raw())
			if !row[3].IsNull() {
				last.Referenced = append(last.Referenced, row[3].Raw())
			}
		}, to.Table)
	if err != nil {
		return nil, fmt.Errorf("read what refers to %s: %w", to, err)
	}
	for i := range found {
		if found[i].Key, err = db.primaryKey(ctx, found[i].From.Table); err != nil {
			return nil, err
		}
		if len(found[i].Referenced) > 0 {
			continue
		}
		if found[i].Referenced, err = db.primaryKey(ctx, to.Table); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (db *database) primaryKey(ctx context.Context, table string) ([]string, error) {
	var key []string
	err := db.each(ctx, "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk",
		func(row []record.Value) { key = append(key, row[0].Raw()) }, table)
	return key, err
}
