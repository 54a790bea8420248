package sqlite_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"landfall/internal/connector/sqlite"
	"landfall/internal/connector/table"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

func sourceOf(t *testing.T, dir string) *table.Source {
	t.Helper()
	driver, err := table.NewSource(t.Context(), func(ctx context.Context) (sqldb.DB, error) { return sqlite.Open(ctx, "test.db", dir, true) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.Close(context.Background()) })
	return driver
}

func fill(t *testing.T, statements ...string) string {
	t.Helper()
	dir := emptyFile(t)
	tx := begin(t, openFile(t, dir))
	for _, sql := range statements {
		exec(t, tx, sql)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestQueriesThatCannotBeRead(t *testing.T) {
	driver := sourceOf(t, fill(t, "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT)"))
	for want, from := range map[string]source.From{
		"no such column: nme": {Query: "SELECT nme FROM a", Key: []string{"nme"}},
		"no such table: b":    {Query: "SELECT * FROM b", Key: []string{"id"}},
		"not by file":         {File: "/a.csv", Key: []string{"id"}},
		"needs a key":         {Table: "a"},
		"did you mean name":   {Table: "a", Key: []string{"nam"}},
	} {
		if _, err := driver.Open(t.Context(), from); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", from, err)
		}
	}
	origin, err := driver.Open(t.Context(), source.From{Table: "a", Where: "nonsense = 1", Key: []string{"id"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := origin.Slices(t.Context()); err == nil {
		t.Error("a where that makes no sense is counted")
	}
}

// TestLooseKeys reads keys that their column's type does not promise.
func TestLooseKeys(t *testing.T) {
	dir := fill(t, "CREATE TABLE loose (id INT NOT NULL PRIMARY KEY, free NOT NULL UNIQUE, day DATE)",
		"INSERT INTO loose VALUES (3, 5, '2024-01-02'), ('A17', '5', '01/02/2024'), (1.5, x'41', 20240102), (x'41', 1.5, NULL), (-2, 'z', '')")
	driver := sourceOf(t, dir)
	for _, key := range []string{"id", "free", "day"} {
		origin, err := driver.Open(t.Context(), source.From{Entity: "e", Table: "loose", Key: []string{key}})
		if err != nil {
			t.Fatal(err)
		}
		all := readKeys(t, origin, source.Position{})
		if len(all.keys) != 5 {
			t.Fatalf("%s: %v", key, all.keys)
		}
		for i, place := range all.places {
			if rest := readKeys(t, origin, place); fmt.Sprint(rest.keys) != fmt.Sprint(all.keys[i+1:]) {
				t.Errorf("%s: after %s come %v instead of %v", key, place, rest.keys, all.keys[i+1:])
			}
		}
		for _, wanted := range all.keys {
			if wanted == "" {
				continue
			}
			reader, err := origin.Pick(t.Context(), source.Slice{}, one(wanted))
			if err != nil {
				t.Fatal(err)
			}
			rec, _, err := reader.Read()
			if err != nil || rec.Ref.Key != wanted {
				t.Errorf("%s: %q is not picked: %v", key, wanted, err)
			}
			if err := reader.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

type one string

func (o one) Has(key string) bool { return key == string(o) }

func (o one) Keys() iter.Seq2[string, error] {
	return source.KeysOf(slices.Values([]string{string(o)}))
}

type walk struct {
	keys   []string
	places []source.Position
}

func readKeys(t *testing.T, origin source.Origin, after source.Position) walk {
	t.Helper()
	reader, err := origin.Read(t.Context(), source.Slice{}, after)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var w walk
	for {
		rec, _, err := reader.Read()
		if err == io.EOF {
			return w
		}
		if err != nil {
			t.Fatal(err)
		}
		w.keys = append(w.keys, rec.Ref.Key)
		w.places = append(w.places, reader.Position())
	}
}

func TestReadingBehindTheEnd(t *testing.T) {
	origin, err := sourceOf(t, fill(t, "CREATE TABLE a (name TEXT)", "INSERT INTO a VALUES ('x')")).
		Open(t.Context(), source.From{Entity: "e", Table: "a", Key: []string{"name"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := origin.Read(t.Context(), source.Slice{}, source.Position{Number: 2}); err == nil {
		t.Error("a source that lost records is read on as if nothing had happened")
	}
}

func BenchmarkRead(b *testing.B) {
	dir := emptyFile(b)
	tx := begin(b, openFile(b, dir))
	exec(b, tx, wide)
	if _, err := tx.BulkInsert(b.Context(), sqldb.Name{Table: "wide"}, wideColumns(), wideRows(b.N)); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	driver, err := table.NewSource(b.Context(), func(ctx context.Context) (sqldb.DB, error) { return sqlite.Open(ctx, "test.db", dir, true) })
	if err != nil {
		b.Fatal(err)
	}
	defer driver.Close(b.Context())
	origin, err := driver.Open(b.Context(), source.From{Entity: "e", Table: "wide", Key: []string{"id"}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	reader, err := origin.Read(b.Context(), source.Slice{}, source.Position{})
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	for {
		if _, _, err := reader.Read(); err != nil {
			break
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func wideColumns() []sqldb.Column {
	names := []string{"id", "branch", "name", "email", "street", "city", "born", "created", "balance", "active", "score", "note"}
	columns := make([]sqldb.Column, len(names))
	for i, name := range names {
		columns[i] = sqldb.Column{Name: name, Type: record.Type{}}
	}
	return columns
}
