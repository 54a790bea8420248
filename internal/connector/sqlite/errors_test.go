package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"landfall/internal/connector/sqlite"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// TestClassify makes SQLite refuse rows and statements for every reason.
func TestClassify(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	for _, sql := range []string{
		"CREATE TABLE parent (id INTEGER PRIMARY KEY)",
		`CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INT REFERENCES parent, a TEXT, b TEXT, must TEXT NOT NULL DEFAULT '',
  n INT CONSTRAINT positive CHECK (n > 0), one INT GENERATED ALWAYS AS (1), UNIQUE (a, b))`,
		"CREATE UNIQUE INDEX folded ON child (lower(a)) WHERE b = 'only'",
		"CREATE TABLE strict (id INT PRIMARY KEY, n INT) STRICT",
		"CREATE TRIGGER refuse BEFORE INSERT ON child WHEN NEW.id = 666 BEGIN SELECT RAISE(ABORT, 'not this one'); END",
		"INSERT INTO child (id, a, b) VALUES (1, 'x', 'y'), (3, 'x', 'only')",
	} {
		exec(t, tx, sql)
	}
	for _, test := range []struct {
		sql        string
		code       record.Code
		columns    []string
		constraint string
	}{
		{"INSERT INTO child (id) VALUES (1)", record.CodeUnique, []string{"id"}, ""},
		{"INSERT INTO child (id, a, b) VALUES (2, 'x', 'y')", record.CodeUnique, []string{"a", "b"}, ""},
		{"INSERT INTO child (id, a, b) VALUES (2, 'X', 'only')", record.CodeUnique, nil, "folded"},
		{"INSERT INTO child (id, parent_id) VALUES (2, 9)", record.CodeForeignKey, nil, ""},
		{"INSERT INTO child (id, must) VALUES (2, NULL)", record.CodeNotNull, []string{"must"}, ""},
		{"INSERT INTO child (id, n) VALUES (2, -1)", record.CodeCheck, nil, "positive"},
		{"INSERT INTO child (id) VALUES (666)", record.CodeRefused, nil, ""},
		{"INSERT INTO child (id) VALUES ('s3cret')", record.CodeWrongType, nil, ""},
		{"INSERT INTO strict VALUES (1, 's3cret')", record.CodeWrongType, []string{"n"}, ""},
	} {
		_, err := tx.Exec(t.Context(), test.sql)
		if err == nil {
			t.Errorf("%s: no error", test.sql)
			continue
		}
		got := db.Dialect().Classify(err)
		if got.Code != test.code || !slices.Equal(got.Columns, test.columns) || got.Constraint != test.constraint || got.Transient || got.Lost || got.Denied {
			t.Errorf("%s: %+v", test.sql, got)
		}
		if got.Message == "" || strings.Contains(got.Message+err.Error(), "s3cret") {
			t.Errorf("%s: the message is %q", test.sql, got.Message)
		}
	}
	for _, err := range []error{nil, errors.New("something else"), sqldb.ErrNoTable} {
		if got := db.Dialect().Classify(err); got.Code != "" || got.Transient || got.Lost || got.Denied {
			t.Errorf("%v is %+v", err, got)
		}
	}
}

func TestClassifyDenied(t *testing.T) {
	dir := emptyFile(t)
	db, err := sqlite.Open(t.Context(), "test.db", dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	tx, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "CREATE TABLE t (id)"); !db.Dialect().Classify(err).Denied {
		t.Errorf("writing what is open for reading: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	if os.Geteuid() == 0 {
		return // root may open any file
	}
	if err := os.Chmod(filepath.Join(dir, "test.db"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), "test.db", dir, true); !db.Dialect().Classify(err).Denied {
		t.Errorf("opening a closed file: %v", err)
	}
}

func TestCancelledQueryEnds(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows, err := tx.Query(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		if rows.Values()[0].Int() == 1000 {
			cancel()
		}
	}
	if !errors.Is(rows.Err(), context.Canceled) {
		t.Errorf("the query ended with %v", rows.Err())
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Errorf("Rollback under a cancelled context: %v", err)
	}
	if got := query(t, begin(t, db), "SELECT 1"); len(got) != 1 {
		t.Error("the connection is unusable after a cancelled query")
	}
}
