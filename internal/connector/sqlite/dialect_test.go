package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

func TestRelationUsesTheIndex(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT UNIQUE)")
	table := tableOf(t, db, "t")
	for i, column := range table.Columns {
		relation, args := db.Dialect().Relation("k", table.Columns, [][]record.Value{{record.Int(1), record.Text("a")}}, 1)
		plan := fmt.Sprint(query(t, tx, fmt.Sprintf("EXPLAIN QUERY PLAN SELECT k.ord FROM %s JOIN t ON t.%s = k.c%d", relation, column.Name, i), args...))
		if want := []string{"INTEGER PRIMARY KEY", "(word=?)"}[i]; !strings.Contains(plan, want) {
			t.Errorf("the plan for %s is %s", column.Name, plan)
		}
	}
}

func TestReserve(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	sequencer := db.Dialect().(sqldb.Sequencer)
	for i, kind := range []string{"INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"} {
		exec(t, tx, "DROP TABLE IF EXISTS t")
		exec(t, tx, "CREATE TABLE t (id "+kind+")")
		table := tableOf(t, db, "t")
		reserve := func(n int, floor int64) string {
			sql, args := sequencer.ReserveSQL(table, &table.Columns[0], n, floor)
			return fmt.Sprint(query(t, tx, sql, args...))
		}
		if got := reserve(3, 0); got != "[integer 1 integer 2 integer 3]" {
			t.Errorf("%s: %s", kind, got)
		}
		exec(t, tx, "INSERT INTO t VALUES (10)")
		if got := reserve(1, 5); got != "[integer 11]" {
			t.Errorf("%s: %s", kind, got)
		}
		if got := reserve(2, 20); got != "[integer 21 integer 22]" {
			t.Errorf("%s: %s", kind, got)
		}
		exec(t, tx, "DELETE FROM t")
		// Only AUTOINCREMENT remembers what was deleted.
		if got := reserve(1, 0); got != []string{"[integer 1]", "[integer 11]"}[i] {
			t.Errorf("%s: %s", kind, got)
		}
		if statement := sequencer.AdvanceSQL(table, &table.Columns[0]); statement != "" {
			exec(t, tx, statement)
		}
	}
}

func TestSmallWords(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	dialect := db.Dialect()
	if got := query(t, tx, "SELECT "+dialect.IsDistinct("NULL", "1")+", "+dialect.IsDistinct("NULL", "NULL")+", "+dialect.IsDistinct("1", "1")); got[0] != "integer 1|integer 0|integer 0" {
		t.Errorf("IsDistinct says %v", got)
	}
	own := dialect.(sqldb.OwnTables)
	if got := query(t, tx, "SELECT "+own.Now(3600)+" > "+own.Now(0)+", length("+own.Now(-1)+")"); got[0] != "integer 1|integer 24" {
		t.Errorf("the clock says %v", got)
	}
	exec(t, tx, `CREATE TABLE "a ""b"" c" ("x y" INT, PRIMARY KEY ("x y"))`+own.ClusteredSuffix())
	if n := exec(t, tx, "INSERT INTO "+dialect.QuoteName(sqldb.Name{Table: `a "b" c`})+" ("+dialect.Quote("x y")+") "+dialect.InsertOverriding()+" VALUES (1), (2)"); n != 2 {
		t.Errorf("%d rows changed", n)
	}
	if n := exec(t, tx, "CREATE TABLE z (id)"); n != 0 {
		t.Errorf("making a table changed %d rows", n)
	}
	if n := exec(t, tx, `UPDATE "a ""b"" c" SET "x y" = 9 WHERE "x y" > 100`); n != 0 {
		t.Errorf("%d rows changed", n)
	}
}
