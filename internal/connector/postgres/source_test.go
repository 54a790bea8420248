package postgres_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"landfall/internal/connector/postgres"
	"landfall/internal/connector/sourcetest"
	"landfall/internal/connector/table"
	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

func TestSource(t *testing.T) {
	url := servertest.Database(t)
	db := connect(t, url)
	schemas := 0
	sourcetest.Run(t, sourcetest.Harness{
		Load: func(t *testing.T, content sourcetest.Table) (source.Driver, source.From) {
			schemas++
			schema := fmt.Sprintf("Source %d", schemas)
			load(t, db, schema, content)
			driver, err := table.NewSource(t.Context(), func(ctx context.Context) (sqldb.DB, error) {
				return postgres.Open(ctx, url, "")
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { driver.Close(context.Background()) })
			return driver, source.From{Entity: "person", Table: schema + "." + content.Name, Key: content.Key}
		},
		Nulls:  true,
		Proves: true,
		Below: func(from source.From, column string, number int) source.From {
			from.Where = fmt.Sprintf("%s < %d -- a comment", column, number)
			return from
		},
		Query: func(from source.From) source.From {
			schema, name, _ := strings.Cut(from.Table, ".")
			from.Query, from.Table = fmt.Sprintf("SELECT id, name FROM %q.%q ORDER BY name; ", schema, name), ""
			return from
		},
	})
}

func load(t *testing.T, db sqldb.DB, schema string, content sourcetest.Table) {
	t.Helper()
	var columns []string
	for _, column := range content.Columns {
		kind := map[record.Kind]string{record.KindInt: "bigint", record.KindText: "text"}[column.Kind]
		columns = append(columns, column.Name+" "+kind)
	}
	if content.Unique {
		columns = append(columns, "PRIMARY KEY ("+strings.Join(content.Key, ", ")+")")
	}
	tx := begin(t, db)
	exec(t, tx, fmt.Sprintf("CREATE SCHEMA %q", schema))
	exec(t, tx, fmt.Sprintf("CREATE TABLE %q.%q (%s)", schema, content.Name, strings.Join(columns, ", ")))
	created := tableOf(t, db, schema+"."+content.Name)
	if _, err := tx.BulkInsert(t.Context(), created.Name, created.Columns, sqldb.RowsOf(content.Rows)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestPickTakesAnyKeyType asks for keys that the column's type refuses.
func TestPickTakesAnyKeyType(t *testing.T) {
	url := servertest.Database(t)
	db := connect(t, url)
	tx := begin(t, db)
	exec(t, tx, "CREATE TYPE mood AS ENUM ('sad', 'ok')")
	for kind, value := range map[string]string{
		"inet": "10.0.0.1", "uuid": "6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b", "mood": "ok", "interval": "1 day", "date": "2024-02-29",
		"timestamptz": "2024-02-29 12:00:00.5Z", "numeric": "12.50", "char(5)": "abc", "boolean": "true", "double precision": "1.5", "bytea": `\x41`,
	} {
		name := "t_" + strings.NewReplacer("(", "", ")", "", " ", "").Replace(kind)
		exec(t, tx, "CREATE TABLE "+name+" (key "+kind+" PRIMARY KEY, note text)")
		exec(t, tx, "INSERT INTO "+name+" VALUES ('"+value+"', 'n')")
		defer func() {
			driver, err := table.NewSource(t.Context(), func(ctx context.Context) (sqldb.DB, error) { return postgres.Open(ctx, url, "") })
			if err != nil {
				t.Fatal(err)
			}
			defer driver.Close(t.Context())
			origin, err := driver.Open(t.Context(), source.From{Entity: "e", Table: name, Key: []string{"key"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, strange := range []string{"zzz", value} {
				reader, err := origin.Pick(t.Context(), source.Slice{}, wanted{strange, record.JoinKey(value)})
				if err != nil {
					t.Errorf("%s: %v", kind, err)
					continue
				}
				rec, _, err := reader.Read()
				if err != nil || rec.Ref.Key != record.JoinKey(value) {
					t.Errorf("%s: key %s finds %v (%v)", kind, value, rec, err)
				}
				if err := reader.Close(); err != nil {
					t.Error(err)
				}
			}
			if _, err := origin.Fingerprint(t.Context()); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}()
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestQueryWithTwoColumnsOfOneName(t *testing.T) {
	url := servertest.Database(t)
	driver, err := table.NewSource(t.Context(), func(ctx context.Context) (sqldb.DB, error) { return postgres.Open(ctx, url, "") })
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close(t.Context())
	_, err = driver.Open(t.Context(), source.From{Entity: "e", Query: "SELECT 1 AS id, 2 AS id", Key: []string{"id"}})
	if err == nil || !strings.Contains(err.Error(), "two columns named id") {
		t.Errorf("the error is %v", err)
	}
}

type wanted []string

func (w wanted) Keys() iter.Seq2[string, error] { return source.KeysOf(slices.Values(w)) }
func (w wanted) Has(key string) bool {
	for _, k := range w {
		if k == key {
			return true
		}
	}
	return false
}
