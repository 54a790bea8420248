package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// An index that a rule stands on, that belongs to an extension, or that tells
// rows apart for replication is none of ours. What pg_get_indexdef leaves out
// is read beside it: the tablespace, the comment, the mark of CLUSTER, how
// closely statistics look at an expression, and the extension that it goes with.
const secondaryIndexesSQL = `SELECT i.relname, n.nspname, pg_get_indexdef(x.indexrelid), coalesce(s.spcname, ''),
  obj_description(x.indexrelid, 'pg_class'), x.indisclustered,
  (SELECT json_agg(json_build_array(a.attnum::text, a.attstattarget::text) ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = x.indexrelid AND coalesce(a.attstattarget, -1) >= 0),
  (SELECT json_agg(e.extname ORDER BY e.extname) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x'),
  (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = x.indrelid AND a.attnum = x.indkey[0] AND a.attnum > 0)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace
LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
WHERE x.indrelid = $1::text::regclass AND i.relkind = 'i' AND NOT x.indisunique AND NOT x.indisprimary AND NOT x.indisexclusion
  AND x.indisvalid AND x.indisready AND x.indislive AND NOT x.indisreplident
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid AND d.deptype = 'e')
ORDER BY i.relname`

// SecondaryIndexes reads the indexes with a search path that hides nothing, so
// that their definitions mean the same under any other.
func (d dialect) SecondaryIndexes(ctx context.Context, tx sqldb.Tx, table sqldb.Name) (indexes []sqldb.Index, err error) {
	err = whileQualified(ctx, tx, func() error {
		rows, err := tx.Query(ctx, secondaryIndexesSQL, d.QuoteName(table))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			index, err := d.secondaryIndex(rows.Values(), table)
			if err != nil {
				return err
			}
			indexes = append(indexes, index)
		}
		return rows.Err()
	})
	return indexes, err
}

// whileQualified does work while names are told with their schemas, and puts
// the transaction's search path back.
func whileQualified(ctx context.Context, tx sqldb.Tx, work func() error) error {
	path := ""
	err := sqldb.Each(ctx, tx, func(row []record.Value) error {
		path = row[0].Raw()
		return nil
	}, "SELECT current_setting('search_path')")
	if err != nil {
		return err
	}
	if err := sqldb.Drain(ctx, tx, "SELECT set_config('search_path', 'pg_catalog', true)"); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err // the transaction goes back, and the path with it
	}
	return sqldb.Drain(ctx, tx, "SELECT set_config('search_path', "+quoteLiteral(path)+", true)")
}

func (d dialect) secondaryIndex(row []record.Value, table sqldb.Name) (sqldb.Index, error) {
	name := d.QuoteName(sqldb.Name{Schema: row[1].Raw(), Table: row[0].Raw()})
	index := sqldb.Index{
		Name: row[0].Raw(), First: row[8].Raw(), Drop: "DROP INDEX " + name,
		Make: []string{"SET LOCAL default_tablespace = " + quoteLiteral(row[3].Raw()), row[2].Raw()},
	}
	if !row[4].IsNull() {
		index.Make = append(index.Make, "COMMENT ON INDEX "+name+" IS "+quoteLiteral(row[4].Raw()))
	}
	if row[5].Bool() {
		index.Make = append(index.Make, "ALTER TABLE "+d.QuoteName(table)+" CLUSTER ON "+d.Quote(row[0].Raw()))
	}
	if !row[6].IsNull() {
		var targets [][2]string
		if err := json.Unmarshal([]byte(row[6].String()), &targets); err != nil {
			return index, fmt.Errorf("statistics of index %s: %w", index.Name, err)
		}
		for _, target := range targets {
			index.Make = append(index.Make, fmt.Sprintf("ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s", name, target[0], target[1]))
		}
	}
	extensions, err := list(row[7])
	if err != nil {
		return index, err
	}
	for _, extension := range extensions {
		index.Make = append(index.Make, "ALTER INDEX "+name+" DEPENDS ON EXTENSION "+d.Quote(extension))
	}
	index.Shown = strings.Join(index.Make, ";\n")
	return index, nil
}

// Only the owner of a table may take its indexes, and making them again takes
// the right to create in the schema, and in their tablespaces.
const whyNotRebuildSQL = `SELECT c.relkind::text, c.relispartition, pg_has_role(c.relowner, 'USAGE'), pg_get_userbyid(c.relowner),
  has_schema_privilege(c.relnamespace, 'CREATE'), n.nspname,
  (SELECT json_agg(DISTINCT s.spcname) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_tablespace s ON s.oid = i.reltablespace
    WHERE x.indrelid = c.oid AND NOT has_tablespace_privilege(s.oid, 'CREATE'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::text::regclass`

// WhyNotRebuild names what is missing, or what the table is.
func (d dialect) WhyNotRebuild(ctx context.Context, tx sqldb.Tx, table sqldb.Name) (why string, denied bool, err error) {
	err = sqldb.Each(ctx, tx, func(row []record.Value) error {
		closed, err := list(row[6])
		switch {
		case err != nil:
			return err
		case row[0].Raw() == "p":
			why = table.String() + " is partitioned: its indexes belong to those of its partitions"
		case row[1].Bool():
			why = table.String() + " is a partition: its indexes may belong to those of the table above it"
		case row[0].Raw() != "r":
			why = table.String() + " is no table that has indexes"
		case !row[2].Bool():
			why, denied = fmt.Sprintf("only the owner of %s may take its indexes and make them again: grant the user the role %s", table, row[3].Raw()), true
		case !row[4].Bool():
			why, denied = fmt.Sprintf("making indexes of %s again takes the right to create in schema %s: GRANT CREATE ON SCHEMA %s", table, row[5].Raw(), d.Quote(row[5].Raw())), true
		case len(closed) > 0:
			why, denied = fmt.Sprintf("making indexes of %s again takes the right to create in tablespace %s: GRANT CREATE ON TABLESPACE %s", table, closed[0], d.Quote(closed[0])), true
		}
		return nil
	}, whyNotRebuildSQL, d.QuoteName(table))
	return why, denied, err
}

// Who may not analyze a table is only warned by the server, so it is asked for.
// Servers from version 17 on have a right of its own for it.
const whyNotAnalyzeSQL = `SELECT c.relkind::text, pg_get_userbyid(c.relowner), pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE')
  OR CASE WHEN current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END
FROM pg_class c, pg_database d WHERE c.oid = $1::text::regclass AND d.datname = current_database()`

// WhyNotAnalyze names what is missing.
func (d dialect) WhyNotAnalyze(ctx context.Context, tx sqldb.Tx, table sqldb.Name) (why string, denied bool, err error) {
	err = sqldb.Each(ctx, tx, func(row []record.Value) error {
		switch {
		case row[0].Raw() == "v":
			why = table.String() + " is a view, which has no statistics"
		case !row[2].Bool():
			why, denied = fmt.Sprintf("only the owner of %s may refresh its statistics: grant the user the role %s", table, row[1].Raw()), true
		}
		return nil
	}, whyNotAnalyzeSQL, d.QuoteName(table))
	return why, denied, err
}

// LockBriefly implements sqldb.Indexes.
func (dialect) LockBriefly() string { return "SET LOCAL lock_timeout = '5s'" }

// AnalyzeSQL implements sqldb.Indexes.
func (d dialect) AnalyzeSQL(table sqldb.Name) string { return "ANALYZE " + d.QuoteName(table) }
