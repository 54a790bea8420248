package sqlite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/sqldb"
)

func TestReferences(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	for _, sql := range []string{
		"CREATE TABLE Parent (a int, b int UNIQUE, self int REFERENCES parent (b) ON DELETE SET NULL, PRIMARY KEY (a, b))",
		"CREATE TABLE child (id INTEGER PRIMARY KEY, y int, x int, FOREIGN KEY (x, y) REFERENCES PARENT ON DELETE CASCADE ON UPDATE RESTRICT)",
		"CREATE TABLE keyless (b int REFERENCES Parent (b), c int REFERENCES child)",
	} {
		exec(t, tx, sql)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := sqldb.ReferencesTo(t.Context(), db, sqldb.Name{Table: "Parent"})
	if err != nil {
		t.Fatal(err)
	}
	want := []sqldb.Reference{
		{From: sqldb.Name{Table: "Parent"}, Columns: []string{"self"}, Referenced: []string{"b"}, OnDelete: "SET NULL", OnUpdate: "NO ACTION", Key: []string{"a", "b"}},
		{From: sqldb.Name{Table: "child"}, Columns: []string{"x", "y"}, Referenced: []string{"a", "b"}, OnDelete: "CASCADE", OnUpdate: "RESTRICT", Key: []string{"id"}},
		{From: sqldb.Name{Table: "keyless"}, Columns: []string{"b"}, Referenced: []string{"b"}, OnDelete: "NO ACTION", OnUpdate: "NO ACTION"},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}
