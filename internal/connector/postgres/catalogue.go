package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// relation is a table as pg_class knows it.
type relation struct {
	oid  int64
	name sqldb.Name
	kind string
}

// Table reads what the catalogue says about a table or view. The name is taken
// literally, with its schema or by the search path. Attributes that older
// servers lack are read through to_jsonb, which leaves them out instead of
// failing.
func (db *database) Table(ctx context.Context, name string) (*sqldb.Table, error) {
	found, err := db.find(ctx, name)
	if err != nil {
		return nil, err
	}
	table := &sqldb.Table{Name: found.name, View: found.kind == "v" || found.kind == "m" || found.kind == "f"}
	for _, read := range []func(context.Context, relation, *sqldb.Table) error{
		db.readColumns, db.readUniques, db.readForeignKeys, db.readChecks, db.readTriggers,
	} {
		if err := read(ctx, found, table); err != nil {
			return nil, fmt.Errorf("read the catalogue of %s: %w", found.name, err)
		}
	}
	return table, nil
}

func (db *database) find(ctx context.Context, name string) (relation, error) {
	candidates := []sqldb.Name{{Table: name}}
	for at := strings.IndexByte(name, '.'); at >= 0; {
		candidates = append(candidates, sqldb.Name{Schema: name[:at], Table: name[at+1:]})
		next := strings.IndexByte(name[at+1:], '.')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	for _, candidate := range candidates {
		var found relation
		err := db.each(ctx, `SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1::text)::oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
			func(row []record.Value) error {
				found = relation{row[0].Int(), sqldb.Name{Schema: row[1].Raw(), Table: row[2].Raw()}, row[3].Raw()}
				return nil
			}, db.dialect.QuoteName(candidate))
		if err != nil {
			return relation{}, err
		}
		if found.oid != 0 {
			return found, nil
		}
	}
	return relation{}, db.notFound(ctx, name)
}

func (db *database) notFound(ctx context.Context, name string) error {
	var candidates []string
	err := db.each(ctx, `SELECT CASE WHEN pg_table_is_visible(c.oid) AND position('.' in $1::text) = 0
  THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname NOT LIKE 'pg\_temp%' ORDER BY 1`,
		func(row []record.Value) error {
			candidates = append(candidates, row[0].Raw())
			return nil
		}, name)
	if err != nil {
		return err
	}
	return sqldb.NoTable(name, candidates)
}

// each calls visit for every row of a catalogue query.
func (db *database) each(ctx context.Context, sql string, visit func(row []record.Value) error, args ...any) error {
	rows, err := db.query(ctx, sql, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows.Values()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list reads an array that a query returned as JSON, the one form in which
// any name survives; NULL is nil.
func list(v record.Value) ([]string, error) {
	if v.IsNull() {
		return nil, nil
	}
	var names []string
	err := json.Unmarshal([]byte(v.Raw()), &names)
	return names, err
}
