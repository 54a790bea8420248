package sqlite

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// SecondaryIndexes lists the indexes that a CREATE INDEX made; SQLite keeps its
// text as it was typed.
func (d dialect) SecondaryIndexes(ctx context.Context, tx sqldb.Tx, table sqldb.Name) (indexes []sqldb.Index, err error) {
	err = sqldb.Each(ctx, tx, func(row []record.Value) error {
		index := sqldb.Index{Name: row[0].Raw(), First: row[2].Raw(), Drop: "DROP INDEX " + d.Quote(row[0].Raw()), Make: []string{row[1].Raw()}}
		index.Shown = index.Make[0]
		indexes = append(indexes, index)
		return nil
	}, `SELECT s.name, s.sql, (SELECT x.name FROM pragma_index_xinfo(s.name) AS x WHERE x.seqno = 0 AND x.key = 1)
FROM sqlite_schema AS s JOIN pragma_index_list(?1) AS l ON l.name = s.name
WHERE s.type = 'index' AND s.sql IS NOT NULL AND l."unique" = 0 AND l.origin = 'c' ORDER BY s.name`, table.Table)
	return indexes, err
}

// WhyNotRebuild implements sqldb.Indexes: SQLite knows no rights.
func (d dialect) WhyNotRebuild(ctx context.Context, tx sqldb.Tx, table sqldb.Name) (string, bool, error) {
	return d.noTable(ctx, tx, table, "no table that has indexes")
}

// WhyNotAnalyze implements sqldb.Indexes.
func (d dialect) WhyNotAnalyze(ctx context.Context, tx sqldb.Tx, table sqldb.Name) (string, bool, error) {
	return d.noTable(ctx, tx, table, "no table that has statistics")
}

func (d dialect) noTable(ctx context.Context, tx sqldb.Tx, table sqldb.Name, what string) (why string, denied bool, err error) {
	why = table.String() + " is " + what
	err = sqldb.Each(ctx, tx, func([]record.Value) error {
		why = ""
		return nil
	}, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND sql NOT LIKE 'CREATE VIRTUAL%'", table.Table)
	return why, false, err
}

// LockBriefly implements sqldb.Indexes: waiting for locks has its limit already.
func (dialect) LockBriefly() string { return "" }

// AnalyzeSQL implements sqldb.Indexes.
func (d dialect) AnalyzeSQL(table sqldb.Name) string { return "ANALYZE " + d.Quote(table.Table) }
