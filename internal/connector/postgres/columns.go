package postgres

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// A domain is followed down to the type it is made of; on the way its NOT NULL
// and defaults are collected.
const columnsSQL = `SELECT a.attname, b.oid::bigint, b.modifier, format_type(b.oid, b.modifier), t.typname, t.typtype::text,
  a.attnotnull OR b.filled,
  d.adbin IS NOT NULL OR b.defaults,
  coalesce(to_jsonb(a)->>'attidentity', '') <> '',
  coalesce(to_jsonb(a)->>'attgenerated', '') <> '',
  coalesce(pg_get_serial_sequence($2::text, a.attname), s.name),
  coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false),
  (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid),
  coalesce(to_jsonb(l)->>'collisdeterministic', 'true') = 'false',
  pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation
CROSS JOIN LATERAL (
  WITH RECURSIVE base(oid, modifier, filled, defaults, depth) AS (
    SELECT a.atttypid, a.atttypmod, false, false, 0
    UNION ALL
    SELECT t.typbasetype, t.typtypmod, base.filled OR t.typnotnull, base.defaults OR t.typdefault IS NOT NULL, base.depth + 1
    FROM base JOIN pg_type t ON t.oid = base.oid WHERE t.typtype = 'd')
  SELECT * FROM base ORDER BY depth DESC LIMIT 1) b
JOIN pg_type t ON t.oid = b.oid
LEFT JOIN LATERAL (
  SELECT c.oid::regclass::text AS name FROM pg_depend p JOIN pg_class c ON c.oid = p.refobjid AND c.relkind = 'S'
  WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
  ORDER BY c.oid LIMIT 1) s ON true
WHERE a.attrelid = $1::text::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`

func (db *database) readColumns(ctx context.Context, found relation, table *sqldb.Table) error {
	return db.each(ctx, columnsSQL, func(row []record.Value) error {
		labels, err := list(row[12])
		if err != nil {
			return err
		}
		column := sqldb.Column{
			Name:       row[0].Raw(),
			Type:       declaredType(uint32(row[1].Int()), int32(row[2].Int()), row[3].Raw(), row[4].Raw(), labels, row[13].Bool()),
			Nullable:   !row[6].Bool(),
			HasDefault: row[7].Bool(),
			Generated:  row[9].Bool(),
			Identity:   row[8].Bool() || row[11].Bool(),
			Default:    row[14].Raw(),
		}
		// A generated column's expression stands where a default would.
		if column.Generated {
			column.HasDefault, column.Default = false, ""
		}
		if column.Identity {
			column.HasDefault, column.Default = true, ""
			column.Sequence = row[10].Raw()
		}
		table.Columns = append(table.Columns, column)
		return nil
	}, found.oid, db.dialect.QuoteName(found.name))
}

// declaredType is builtinType with what only the catalogue knows.
func declaredType(oid uint32, modifier int32, native, name string, labels []string, fold bool) record.Type {
	t := builtinType(oid, modifier)
	t.Native = native
	switch {
	case labels != nil:
		t.Enum = labels
	case name == "citext":
		t.FoldCase = true
	}
	if fold {
		t.FoldCase = true
	}
	// "bpchar" without a length pads nothing, yet its blanks do not count.
	return t
}
