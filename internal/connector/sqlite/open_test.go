package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/connector/sqlite"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// emptyFile makes a folder with an empty database test.db.
func emptyFile(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "test.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openFile(t testing.TB, dir string) sqldb.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), "sqlite:test.db", dir, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(context.Background()) })
	return db
}

func begin(t testing.TB, db sqldb.DB) sqldb.Tx {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback(context.Background()) })
	return tx
}

func exec(t testing.TB, tx sqldb.Tx, sql string, args ...any) int64 {
	t.Helper()
	n, err := tx.Exec(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// query returns the text of all rows, cells divided by "|".
func query(t testing.TB, tx sqldb.Tx, sql string, args ...any) []string {
	t.Helper()
	rows, err := tx.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var cells []string
		for _, value := range rows.Values() {
			cells = append(cells, show(value))
		}
		all = append(all, strings.Join(cells, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

func show(value record.Value) string {
	if value.IsNull() {
		return "NULL"
	}
	return value.Kind().String() + " " + value.String()
}

func TestOpenFindsTheFile(t *testing.T) {
	dir := emptyFile(t)
	absolute := filepath.Join(dir, "test.db")
	for _, url := range []string{"sqlite:test.db", "sqlite://test.db", "test.db", absolute, "sqlite:" + absolute, "sqlite://" + absolute} {
		db, err := sqlite.Open(t.Context(), url, dir, false)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if db.Identity() != absolute {
			t.Errorf("%s is %s", url, db.Identity())
		}
		db.Close(t.Context())
	}
}

func TestOpenMakesNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, readOnly := range []bool{true, false} {
		_, err := sqlite.Open(t.Context(), "sqlite:mistyped.db", dir, readOnly)
		if err == nil || !strings.Contains(err.Error(), "there is no SQLite file") {
			t.Errorf("the error is %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "mistyped.db")); err == nil {
		t.Error("a file was made")
	}
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte(strings.Repeat("no database at all\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), "text.db", dir, true); err == nil {
		t.Error("a text file is opened as a database")
	}
	if _, err := sqlite.Open(t.Context(), ".", dir, true); err == nil {
		t.Error("a folder is opened as a database")
	}
}
