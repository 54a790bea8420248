package postgres

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Columns of an expression or a predicate are found through pg_depend. An
// index is plain when equal means the same text: not over citext, collations
// that fold, or types with several spellings of one value.
const uniquesSQL = `SELECT i.relname, x.indisprimary,
  x.indpred IS NULL AND x.indexprs IS NULL AND keys.plain,
  coalesce((to_jsonb(x)->>'indnullsnotdistinct')::boolean, false),
  CASE WHEN x.indexprs IS NULL THEN keys.names ELSE (
    SELECT json_agg(DISTINCT a.attname) FROM pg_depend p
    JOIN pg_attribute a ON a.attrelid = p.refobjid AND a.attnum = p.refobjsubid
    WHERE p.classid = 'pg_class'::regclass AND p.objid = x.indexrelid AND p.refclassid = 'pg_class'::regclass
      AND p.refobjid = x.indrelid AND p.refobjsubid > 0) END
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
CROSS JOIN LATERAL (
  SELECT json_agg(a.attname ORDER BY k.place) AS names,
    coalesce(bool_and(t.typname <> 'citext' AND t.typcategory NOT IN ('I', 'T', 'G', 'R', 'A', 'C')
      AND t.typname NOT IN ('jsonb', 'timetz')
      AND coalesce(to_jsonb(l)->>'collisdeterministic', 'true') = 'true'), false) AS plain
  FROM unnest(x.indkey::smallint[], x.indcollation::oid[]) WITH ORDINALITY AS k(attnum, collation_oid, place)
  JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_collation l ON l.oid = k.collation_oid
  WHERE k.place <= coalesce((to_jsonb(x)->>'indnkeyatts')::int, x.indnatts)) keys
WHERE x.indrelid = $1::text::oid AND x.indisunique AND x.indisready
ORDER BY x.indisprimary DESC, 3 DESC, i.relname`

func (db *database) readUniques(ctx context.Context, found relation, table *sqldb.Table) error {
	return db.each(ctx, uniquesSQL, func(row []record.Value) error {
		columns, err := list(row[4])
		if err != nil {
			return err
		}
		unique := sqldb.Unique{
			Name: row[0].Raw(), Columns: columns, Primary: row[1].Bool(), Plain: row[2].Bool(), NullsEqual: row[3].Bool(),
		}
		if unique.Primary {
			table.PrimaryKey = columns
		}
		table.Uniques = append(table.Uniques, unique)
		return nil
	}, found.oid)
}

// A reference to a partitioned table is listed once per partition as well; the
// copies have a parent on the same table and are left out.
const foreignKeysSQL = `SELECT c.conname, n.nspname, r.relname, c.condeferred,
  CASE c.confdeltype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
    ELSE 'NO ACTION' END,
  (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(c.conkey) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum),
  (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(c.confkey) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum)
FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_constraint parent ON parent.oid = (to_jsonb(c)->>'conparentid')::oid
WHERE c.conrelid = $1::text::oid AND c.contype = 'f' AND parent.conrelid IS DISTINCT FROM c.conrelid
ORDER BY c.conname`

func (db *database) readForeignKeys(ctx context.Context, found relation, table *sqldb.Table) error {
	return db.each(ctx, foreignKeysSQL, func(row []record.Value) error {
		columns, err := list(row[5])
		if err != nil {
			return err
		}
		referenced, err := list(row[6])
		if err != nil {
			return err
		}
		table.ForeignKeys = append(table.ForeignKeys, sqldb.ForeignKey{
			Name: row[0].Raw(), Columns: columns, Referenced: referenced,
			References: sqldb.Name{Schema: row[1].Raw(), Table: row[2].Raw()},
			Deferred:   row[3].Bool(), OnDelete: row[4].Raw(),
		})
		return nil
	}, found.oid)
}

const checksSQL = `SELECT c.conname, pg_get_expr(c.conbin, c.conrelid),
  (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey))
FROM pg_constraint c WHERE c.conrelid = $1::text::oid AND c.contype = 'c' ORDER BY c.conname`

func (db *database) readChecks(ctx context.Context, found relation, table *sqldb.Table) error {
	return db.each(ctx, checksSQL, func(row []record.Value) error {
		columns, err := list(row[2])
		if err != nil {
			return err
		}
		table.Checks = append(table.Checks, sqldb.Check{Name: row[0].Raw(), Expression: row[1].Raw(), Columns: columns})
		return nil
	}, found.oid)
}

// The bits of tgtype are 4 insert, 8 delete, 16 update; a rule's ev_type is 2
// for update, 3 for insert, 4 for delete.
const triggersSQL = `SELECT tgname, tgtype & 4 <> 0, tgtype & 16 <> 0, tgtype & 8 <> 0,
  (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = tgrelid AND a.attnum = ANY (tgattr::smallint[]))
FROM pg_trigger WHERE tgrelid = $1::text::oid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 28 <> 0
UNION ALL
SELECT rulename, ev_type = '3', ev_type = '2', ev_type = '4', NULL
FROM pg_rewrite WHERE ev_class = $1::text::oid AND ev_type IN ('2', '3', '4') AND ev_enabled <> 'D'
ORDER BY 1`

func (db *database) readTriggers(ctx context.Context, found relation, table *sqldb.Table) error {
	return db.each(ctx, triggersSQL, func(row []record.Value) error {
		of, err := list(row[4])
		table.Triggers = append(table.Triggers, sqldb.Trigger{
			Name: row[0].Raw(), OnInsert: row[1].Bool(), OnUpdate: row[2].Bool(), OnDelete: row[3].Bool(), Of: of,
		})
		return err
	}, found.oid)
}
