package sqlite_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"landfall/internal/connector/sourcetest"
	"landfall/internal/connector/sqlite"
	"landfall/internal/connector/table"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

func TestSource(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Load:   loadSource,
		Nulls:  true,
		Proves: true,
		Below: func(from source.From, column string, number int) source.From {
			from.Where = fmt.Sprintf("%s < %d -- a comment", column, number)
			return from
		},
		Query: func(from source.From) source.From {
			from.Query, from.Table = "SELECT id, name FROM "+from.Table+" ORDER BY name -- a comment", ""
			return from
		},
	})
}

func loadSource(t *testing.T, content sourcetest.Table) (source.Driver, source.From) {
	t.Helper()
	dir := emptyFile(t)
	load(t, openFile(t, dir), content)
	driver, err := table.NewSource(t.Context(), func(ctx context.Context) (sqldb.DB, error) {
		return sqlite.Open(ctx, "sqlite:test.db", dir, true)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.Close(context.Background()) })
	return driver, source.From{Entity: "person", Table: content.Name, Key: content.Key}
}

func load(t *testing.T, db sqldb.DB, content sourcetest.Table) {
	t.Helper()
	var columns []string
	for _, column := range content.Columns {
		kind := map[record.Kind]string{record.KindInt: "BIGINT", record.KindText: "TEXT"}[column.Kind]
		if content.Unique {
			kind += " NOT NULL"
		}
		if column.Name == "name" {
			kind = "TEXT"
		}
		columns = append(columns, column.Name+" "+kind)
	}
	if content.Unique {
		columns = append(columns, "UNIQUE ("+strings.Join(content.Key, ", ")+")")
	}
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE "+content.Name+" ("+strings.Join(columns, ", ")+")")
	created, err := db.Table(t.Context(), content.Name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.BulkInsert(t.Context(), created.Name, created.Columns, sqldb.RowsOf(content.Rows)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}
