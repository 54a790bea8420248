package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

func TestReferencesAndTriggers(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	for _, sql := range []string{
		`CREATE SCHEMA "Other"`,
		"CREATE TABLE parent (a int, b int, self int, PRIMARY KEY (a, b), UNIQUE (b))",
		"ALTER TABLE parent ADD CONSTRAINT to_self FOREIGN KEY (self) REFERENCES parent (b) ON DELETE SET NULL",
		`CREATE TABLE "Other"."Child" (id int PRIMARY KEY, y int, x int, CONSTRAINT up FOREIGN KEY (x, y) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET DEFAULT)`,
		"CREATE TABLE keyless (b int CONSTRAINT plain REFERENCES parent (b) ON DELETE RESTRICT ON UPDATE CASCADE)",
		"CREATE TABLE parted (id int, b int CONSTRAINT of_parts REFERENCES parent (b)) PARTITION BY RANGE (id)",
		"CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (100)",
		`CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
		"CREATE TRIGGER few BEFORE INSERT OR UPDATE OF b, self ON parent FOR EACH ROW EXECUTE FUNCTION nothing()",
		"CREATE TRIGGER whole AFTER DELETE ON parent EXECUTE FUNCTION nothing()",
		"CREATE TRIGGER cut AFTER TRUNCATE ON parent EXECUTE FUNCTION nothing()",
		"CREATE RULE instead AS ON DELETE TO parent DO INSTEAD NOTHING",
	} {
		exec(t, tx, sql)
	}
	found, err := sqldb.ReferencesTo(t.Context(), db, sqldb.Name{Schema: "public", Table: "parent"})
	if err != nil {
		t.Fatal(err)
	}
	want := []sqldb.Reference{
		{Name: "up", From: sqldb.Name{Schema: "Other", Table: "Child"}, Columns: []string{"x", "y"}, Referenced: []string{"a", "b"}, OnDelete: "CASCADE", OnUpdate: "SET DEFAULT", Key: []string{"id"}},
		{Name: "plain", From: sqldb.Name{Schema: "public", Table: "keyless"}, Columns: []string{"b"}, Referenced: []string{"b"}, OnDelete: "RESTRICT", OnUpdate: "CASCADE"},
		{Name: "to_self", From: sqldb.Name{Schema: "public", Table: "parent"}, Columns: []string{"self"}, Referenced: []string{"b"}, OnDelete: "SET NULL", OnUpdate: "NO ACTION", Key: []string{"a", "b"}},
		{Name: "of_parts", From: sqldb.Name{Schema: "public", Table: "parted"}, Columns: []string{"b"}, Referenced: []string{"b"}, OnDelete: "NO ACTION", OnUpdate: "NO ACTION"},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	triggers := []sqldb.Trigger{
		{Name: "few", OnInsert: true, OnUpdate: true, Of: []string{"b", "self"}},
		{Name: "instead", OnDelete: true},
		{Name: "whole", OnDelete: true},
	}
	if diff := cmp.Diff(triggers, tableOf(t, db, "parent").Triggers); diff != "" {
		t.Error(diff)
	}
}
