package sqlite_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

func TestCatalogue(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	for _, sql := range []string{
		"CREATE TABLE Parent (a INT, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID",
		`CREATE TABLE "Child ""x""" (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  a INT, b TEXT, word VARCHAR(20) DEFAULT 'x', fold CHAR(3) COLLATE NOCASE NOT NULL,
  price DECIMAL(18,2), rate NUMERIC, at TIMESTAMP WITH TIME ZONE, odd STRING, plain,
  self INT REFERENCES "Child ""x""" (id) DEFERRABLE INITIALLY  DEFERRED,
  kept INT GENERATED ALWAYS AS (a + 1) STORED,
  FOREIGN KEY (b, a) REFERENCES parent ON DELETE SET NULL,
  UNIQUE (word, fold), UNIQUE (b))`,
		`CREATE UNIQUE INDEX part ON "Child ""x""" (a) WHERE a > 5`,
		`CREATE UNIQUE INDEX low ON "Child ""x""" (lower(word))`,
		`CREATE TRIGGER trg BEFORE UPDATE ON "Child ""x""" BEGIN SELECT 1; END`,
		`CREATE VIEW seen AS SELECT id, word FROM "Child ""x"""`,
		"CREATE TABLE unnamed (id PRIMARY KEY)",
		"CREATE TABLE desc_key (id INTEGER PRIMARY KEY DESC)",
		"CREATE TABLE keyed (id INTEGER PRIMARY KEY)",
	} {
		exec(t, tx, sql)
	}
	integer := record.Type{Kind: record.KindInt, Native: "INT", Bits: 64}
	want := &sqldb.Table{
		Name: sqldb.Name{Table: `Child "x"`},
		Columns: []sqldb.Column{
			{Name: "id", Type: record.Type{Kind: record.KindInt, Native: "INTEGER", Bits: 64}, HasDefault: true, Identity: true, Sequence: "sqlite_sequence"},
			{Name: "a", Type: integer, Nullable: true},
			{Name: "b", Type: record.Type{Kind: record.KindText, Native: "TEXT"}, Nullable: true},
			{Name: "word", Type: record.Type{Kind: record.KindText, Native: "VARCHAR(20)", Length: 20}, Nullable: true, HasDefault: true, Default: "'x'"},
			{Name: "fold", Type: record.Type{Kind: record.KindText, Native: "CHAR(3)", Length: 3, FoldCase: true}},
			{Name: "price", Type: record.Type{Kind: record.KindDecimal, Native: "DECIMAL(18,2)", Precision: 15, Scale: 2}, Nullable: true},
			{Name: "rate", Type: record.Type{Kind: record.KindDecimal, Native: "NUMERIC"}, Nullable: true},
			{Name: "at", Type: record.Type{Kind: record.KindTimestampTZ, Native: "TIMESTAMP WITH TIME ZONE", Fraction: 6}, Nullable: true},
			{Name: "odd", Type: record.Type{Native: "STRING"}, Nullable: true},
			{Name: "plain", Nullable: true},
			{Name: "self", Type: integer, Nullable: true},
			{Name: "kept", Type: integer, Nullable: true, Generated: true},
		},
		PrimaryKey: []string{"id"},
		Uniques: []sqldb.Unique{
			{Columns: []string{"id"}, Primary: true, Plain: true},
			{Name: `sqlite_autoindex_Child "x"_2`, Columns: []string{"b"}, Plain: true},
			{Name: `sqlite_autoindex_Child "x"_1`, Columns: []string{"word", "fold"}},
			{Name: "part", Columns: []string{"a"}},
			{Name: "low"},
		},
		ForeignKeys: []sqldb.ForeignKey{
			{Columns: []string{"b", "a"}, References: sqldb.Name{Table: "Parent"}, Referenced: []string{"b", "a"}, Deferred: true, OnDelete: "SET NULL"},
			{Columns: []string{"self"}, References: sqldb.Name{Table: `Child "x"`}, Referenced: []string{"id"}, Deferred: true, OnDelete: "NO ACTION"},
		},
		Triggers: []sqldb.Trigger{{Name: "trg", OnUpdate: true}},
	}
	if diff := cmp.Diff(want, tableOf(t, db, `Child "x"`), cmpopts.EquateComparable(record.Value{})); diff != "" {
		t.Error(diff)
	}

	parent := tableOf(t, db, "Parent")
	if !slices.Equal(parent.PrimaryKey, []string{"b", "a"}) || parent.Columns[0].Nullable || parent.Columns[0].Identity {
		t.Errorf("the table without row numbers is %+v", parent)
	}
	if view := tableOf(t, db, "seen"); !view.View || len(view.Columns) != 2 || len(view.Uniques) != 0 {
		t.Errorf("the view is %+v", view)
	}
	for name, identity := range map[string]bool{"unnamed": false, "desc_key": false, "keyed": true} {
		table := tableOf(t, db, name)
		if column := table.Columns[0]; column.Identity != identity || column.Nullable == identity || column.Sequence != "" || len(table.Uniques) != 1 {
			t.Errorf("%s is %+v", name, table)
		}
	}
	if table := tableOf(t, db, "main.Parent"); table.Name.Table != "Parent" {
		t.Errorf("found %v", table.Name)
	}
	for name, near := range map[string]string{"sen": "seen", "parent": "Parent", "zzzzzz": ""} {
		_, err := db.Table(t.Context(), name)
		if !errors.Is(err, sqldb.ErrNoTable) || !strings.Contains(err.Error(), near) || near == "" && strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
