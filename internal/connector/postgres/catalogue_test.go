package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

func TestCatalogue(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	createKinds(t, tx)
	for _, sql := range []string{
		"CREATE SCHEMA other",
		`CREATE TABLE other."Parent" (a int, b text, PRIMARY KEY (b, a))`,
		`CREATE SEQUENCE "Free Numbers"`,
		`CREATE TABLE "Child ""x""" (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ser serial,
  own int DEFAULT nextval('"Free Numbers"'),
  a int, b text,
  d short, m mood NOT NULL,
  kept int GENERATED ALWAYS AS (1) STORED,
  word varchar(20) DEFAULT 'x',
  fixed char(3),
  CONSTRAINT to_parent FOREIGN KEY (b, a) REFERENCES other."Parent" ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT "a b" CHECK (a > 0 AND b <> ''),
  CONSTRAINT words UNIQUE (word, fixed))`,
		`CREATE UNIQUE INDEX part ON "Child ""x""" (a) WHERE a > 5`,
		`CREATE UNIQUE INDEX low ON "Child ""x""" (lower(word))`,
		`CREATE UNIQUE INDEX incl ON "Child ""x""" (b) INCLUDE (a)`,
		`CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
		`CREATE TRIGGER trg BEFORE UPDATE ON "Child ""x""" FOR EACH ROW EXECUTE FUNCTION nothing()`,
		`CREATE TRIGGER off BEFORE UPDATE ON "Child ""x""" FOR EACH ROW EXECUTE FUNCTION nothing()`,
		`ALTER TABLE "Child ""x""" DISABLE TRIGGER off`,
		`CREATE VIEW seen AS SELECT id, word FROM "Child ""x"""`,
		`CREATE TABLE "with.dot" (id int)`,
		`CREATE TABLE gone (a int, b int, c int)`,
		`ALTER TABLE gone DROP COLUMN b`,
	} {
		exec(t, tx, sql)
	}
	table := tableOf(t, db, `Child "x"`)
	text := record.KindText
	want := &sqldb.Table{
		Name: sqldb.Name{Schema: "public", Table: `Child "x"`},
		Columns: []sqldb.Column{
			{Name: "id", Type: record.Type{Kind: record.KindInt, Native: "bigint", Bits: 64}, HasDefault: true, Identity: true, Sequence: `public."Child ""x""_id_seq"`},
			{Name: "ser", Type: record.Type{Kind: record.KindInt, Native: "integer", Bits: 32}, HasDefault: true, Identity: true, Sequence: `public."Child ""x""_ser_seq"`},
			{Name: "own", Type: record.Type{Kind: record.KindInt, Native: "integer", Bits: 32}, Nullable: true, HasDefault: true, Identity: true, Sequence: `"Free Numbers"`},
			{Name: "a", Type: record.Type{Kind: record.KindInt, Native: "integer", Bits: 32}, Nullable: true},
			{Name: "b", Type: record.Type{Kind: text, Native: "text"}, Nullable: true},
			{Name: "d", Type: record.Type{Kind: text, Native: "character varying(5)", Length: 5}, Nullable: true, HasDefault: true},
			{Name: "m", Type: record.Type{Kind: text, Native: "mood", Enum: []string{"sad", "it's ok", `a"b\c`}}},
			{Name: "kept", Type: record.Type{Kind: record.KindInt, Native: "integer", Bits: 32}, Nullable: true, Generated: true},
			{Name: "word", Type: record.Type{Kind: text, Native: "character varying(20)", Length: 20}, Nullable: true, HasDefault: true, Default: "'x'::character varying"},
			{Name: "fixed", Type: record.Type{Kind: text, Native: "character(3)", Length: 3, Fixed: true}, Nullable: true},
		},
		PrimaryKey: []string{"id"},
		Uniques: []sqldb.Unique{
			{Name: `Child "x"_pkey`, Columns: []string{"id"}, Primary: true, Plain: true},
			{Name: "incl", Columns: []string{"b"}, Plain: true},
			{Name: "words", Columns: []string{"word", "fixed"}, Plain: true},
			{Name: "low", Columns: []string{"word"}},
			{Name: "part", Columns: []string{"a"}},
		},
		ForeignKeys: []sqldb.ForeignKey{{
			Name: "to_parent", Columns: []string{"b", "a"}, References: sqldb.Name{Schema: "other", Table: "Parent"},
			Referenced: []string{"b", "a"}, Deferred: true, OnDelete: "SET NULL",
		}},
		Checks:   []sqldb.Check{{Name: "a b", Columns: []string{"a", "b"}, Expression: "((a > 0) AND (b <> ''::text))"}},
		Triggers: []sqldb.Trigger{{Name: "trg", OnUpdate: true}},
	}
	if diff := cmp.Diff(want, table, cmpopts.EquateComparable(record.Value{})); diff != "" {
		t.Error(diff)
	}

	if view := tableOf(t, db, "seen"); !view.View || len(view.Uniques) != 0 || len(view.Columns) != 2 {
		t.Errorf("the view is %+v", view)
	}
	if parent := tableOf(t, db, "other.Parent"); !slices.Equal(parent.PrimaryKey, []string{"b", "a"}) {
		t.Errorf("the primary key is %v", parent.PrimaryKey)
	}
	if dotted := tableOf(t, db, "public.with.dot"); dotted.Name.Table != "with.dot" {
		t.Errorf("found %v", dotted.Name)
	}
	if dotted := tableOf(t, db, "with.dot"); dotted.Name.Table != "with.dot" {
		t.Errorf("found %v", dotted.Name)
	}
	if left := tableOf(t, db, "gone").ColumnNames(); !slices.Equal(left, []string{"a", "c"}) {
		t.Errorf("the columns are %v", left)
	}
	for name, near := range map[string]string{
		"sen": "seen", "Seen": "seen", "parent": "other.Parent", "othr.Parent": "other.Parent", "other.seen": "public.seen", "zzzzzz": "",
	} {
		_, err := db.Table(t.Context(), name)
		if !errors.Is(err, sqldb.ErrNoTable) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if near == "" && strings.Contains(err.Error(), "did you mean") || !strings.Contains(err.Error(), near) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCatalogueOfNewerRules(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	exec(t, tx, "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
	exec(t, tx, "CREATE TABLE t (a text COLLATE folded UNIQUE, b int, c int, UNIQUE NULLS NOT DISTINCT (b))")
	table := tableOf(t, db, "t")
	if !table.Columns[0].Type.FoldCase {
		t.Error("a collation that folds case is not seen")
	}
	for _, unique := range table.Uniques {
		if unique.Columns[0] == "a" && unique.Plain || unique.Columns[0] == "b" && !unique.NullsEqual {
			t.Errorf("%+v", unique)
		}
	}
	exec(t, tx, "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id)")
	exec(t, tx, "CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (100)")
	exec(t, tx, "CREATE TABLE child (id int REFERENCES parted)")
	if keys := tableOf(t, db, "child").ForeignKeys; len(keys) != 1 || keys[0].References.Table != "parted" {
		t.Errorf("references are %+v", keys)
	}
	parted := tableOf(t, db, "parted")
	if parted.View || len(parted.PrimaryKey) != 1 {
		t.Errorf("the partitioned table is %+v", parted)
	}
	rows := sqldb.RowsOf([][]record.Value{{record.Int(1)}})
	if _, err := tx.BulkInsert(t.Context(), parted.Name, parted.Columns, rows); err != nil {
		t.Errorf("a partitioned table is not written: %v", err)
	}
}
