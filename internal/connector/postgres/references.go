package postgres

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// The foreign key of a partitioned table is listed once for each partition as
// well; the copies have a parent that refers to the same table and are left out.
const referencesSQL = `SELECT c.conname, n.nspname, r.relname, a.words->>c.confdeltype::text, a.words->>c.confupdtype::text,
  (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(c.conkey) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum),
  (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(c.confkey) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum),
  (SELECT json_agg(a.attname ORDER BY k.place) FROM pg_index x CROSS JOIN unnest(x.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum WHERE x.indrelid = c.conrelid AND x.indisprimary)
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
CROSS JOIN (SELECT '{"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}'::json AS words) a
LEFT JOIN pg_constraint parent ON parent.oid = (to_jsonb(c)->>'conparentid')::oid
WHERE c.confrelid = to_regclass($1::text) AND c.contype = 'f' AND parent.confrelid IS DISTINCT FROM c.confrelid
ORDER BY n.nspname, r.relname, c.conname`

// References implements sqldb.References.
func (db *database) References(ctx context.Context, to sqldb.Name) ([]sqldb.Reference, error) {
	var references []sqldb.Reference
	err := db.each(ctx, referencesSQL, func(row []record.Value) error {
		reference := sqldb.Reference{
			Name: row[0].Raw(), From: sqldb.Name{Schema: row[1].Raw(), Table: row[2].Raw()}, OnDelete: row[3].Raw(), OnUpdate: row[4].Raw(),
		}
		for i, names := range []*[]string{&reference.Columns, &reference.Referenced, &reference.Key} {
			var err error
			if *names, err = list(row[5+i]); err != nil {
				return err
			}
		}
		references = append(references, reference)
		return nil
	}, db.dialect.QuoteName(to))
	if err != nil {
		return nil, fmt.Errorf("read what refers to %s: %w", to, err)
	}
	return references, nil
}
