package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/sqldb"
)

func TestTriggerOf(t *testing.T) {
	for sql, want := range map[string]sqldb.Trigger{
		"CREATE TRIGGER t AFTER DELETE ON x BEGIN SELECT 1; END":                                                          {OnDelete: true},
		"create temp trigger if not exists main.\"update\" before insert on x begin update x set a = 1; end":              {OnInsert: true},
		"CREATE TRIGGER [delete] /* INSERT */ UPDATE OF a, \"b \"\"c\", [d] ON x WHEN old.a > 1 BEGIN DELETE FROM x; END": {OnUpdate: true, Of: []string{"a", `b "c`, "d"}},
		"CREATE TRIGGER insert_log -- DELETE\n AFTER UPDATE ON x BEGIN SELECT 1; END":                                     {OnUpdate: true},
		"CREATE TRIGGER `of` INSTEAD OF DELETE ON x BEGIN SELECT 1; END":                                                  {OnDelete: true},
		"nobody knows": {OnInsert: true, OnUpdate: true, OnDelete: true},
	} {
		want.Name = "t"
		if diff := cmp.Diff(want, triggerOf("t", sql)); diff != "" {
			t.Errorf("%s:\n%s", sql, diff)
		}
	}
}

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
