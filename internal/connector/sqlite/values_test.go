package sqlite_test

import (
	"math"
	"testing"
	"time"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

var moment = time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)

// kinds lists, per declared type, values in the form that Fit gives.
var kinds = []struct {
	declared string
	values   []record.Value
}{
	{"BOOLEAN", []record.Value{record.Bool(true), record.Bool(false)}},
	{"SMALLINT", []record.Value{record.Int(-32768), record.Int(32767)}},
	{"INTEGER", []record.Value{record.Int(math.MinInt64), record.Int(math.MaxInt64), record.Int(1<<53 + 1)}},
	{"BIGINT", []record.Value{record.Int(-1)}},
	{"REAL", []record.Value{record.Float(0.1), record.Float(3), record.Float(1e300), record.Float(5e-324), record.Float(math.Inf(1)), record.Float(math.Inf(-1))}},
	{"DOUBLE PRECISION", []record.Value{record.Float(-1.5)}},
	{"DECIMAL(10,2)", []record.Value{record.Decimal("12345678.9"), record.Decimal("-0.01"), record.Decimal("0"), record.Decimal("100")}},
	{"NUMERIC(30,5)", []record.Value{record.Decimal("1234567890.12345")}},
	{"NUMERIC", []record.Value{record.Decimal("12.5"), record.Decimal("9007199254740993")}},
	{"TEXT", texts},
	{"VARCHAR(60)", texts},
	{"CHAR(10)", []record.Value{record.Text("not padded"), record.Text("x ")}},
	{"NVARCHAR(10)", []record.Value{record.Text("日本")}},
	{"BLOB", []record.Value{record.Bytes(nil), record.Bytes([]byte{0, 1, 255, '\\', 'x'})}},
	{"DATE", []record.Value{record.Date(2024, 2, 29), record.Date(1, 1, 1), record.Date(9999, 12, 31)}},
	{"TIME", []record.Value{record.TimeOfDay(0), record.TimeOfDay(24*time.Hour - time.Microsecond)}},
	{"DATETIME", []record.Value{record.Timestamp(moment), record.Timestamp(moment.Truncate(time.Second))}},
	{"TIMESTAMP", []record.Value{record.Timestamp(moment)}},
	{"TIMESTAMP(0)", []record.Value{record.Timestamp(moment.Truncate(time.Second))}},
	{"TIMESTAMPTZ", []record.Value{record.TimestampTZ(moment), record.TimestampTZ(time.Unix(-1, 500_000_000))}},
	{"TIMESTAMP WITH TIME ZONE", []record.Value{record.TimestampTZ(moment)}},
	{"UUID", []record.Value{record.Text("6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b")}},
	{"JSON", []record.Value{record.JSON(`{"a":[1,null]}`), record.JSON("1"), record.JSON(`"x"`)}},
	{"", append([]record.Value{record.Int(1), record.Float(1), record.Text("1"), record.Bytes([]byte("1"))}, texts...)},
}

var texts = []record.Value{
	record.Text(""), record.Text("007"), record.Text("1e3"), record.Text("tab\tnew\nline\rreturn"), record.Text(`back\slash \N \x41`),
	record.Text("\b\f\v\x01\x7f"), record.Text("Ünï 日本 🙂"), record.Text(`"q" 'q' {a,b} [1] NULL`), record.Text(" blanks "),
}

// TestRoundTrip writes every kind of value in bulk, through a stage, as an
// argument and in a relation, and reads back what was written.
func TestRoundTrip(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	dialect := db.Dialect()
	for _, kind := range kinds {
		exec(t, tx, "DROP TABLE IF EXISTS t")
		exec(t, tx, "CREATE TABLE t (id INTEGER, v "+kind.declared+")")
		table := tableOf(t, db, "t")
		column := table.Columns[1]
		var rows [][]record.Value
		for i, value := range append([]record.Value{record.Null()}, kind.values...) {
			fitted, misfit := column.Type.Fit(value)
			if misfit != nil || fitted != value {
				t.Errorf("%s: %q fits as %q %v", kind.declared, value, fitted, misfit)
			}
			rows = append(rows, []record.Value{record.Int(int64(i)), value})
		}
		check := func(how string, i int, got record.Value) {
			fitted, misfit := column.Type.Fit(got)
			if misfit != nil || fitted != rows[i][1] {
				t.Errorf("%s %s: %s comes back as %s %v", kind.declared, how, show(rows[i][1]), show(got), misfit)
			}
		}
		ddl, stage := dialect.StageTable(table.Columns)
		for _, sql := range ddl {
			exec(t, tx, sql)
		}
		for how, name := range map[string]sqldb.Name{"from the table": table.Name, "from the stage": stage} {
			written, err := tx.BulkInsert(t.Context(), name, table.Columns, sqldb.RowsOf(rows))
			if err != nil || written != int64(len(rows)) {
				t.Fatalf("%s: %d rows, %v", kind.declared, written, err)
			}
			found, err := tx.Query(t.Context(), "SELECT id, v FROM "+dialect.QuoteName(name)+" ORDER BY id")
			if err != nil {
				t.Fatal(err)
			}
			for found.Next() {
				check(how, int(found.Values()[0].Int()), found.Values()[1])
			}
		}
		for first := range 2 { // alone and beside another column
			relation, args := dialect.Relation("k", table.Columns[first:], onlyColumns(rows, first), 1)
			found, err := tx.Query(t.Context(), "SELECT k.ord, k.c"+[]string{"1", "0"}[first]+" FROM "+relation, args...)
			if err != nil {
				t.Fatal(err)
			}
			for found.Next() {
				check("from a relation", int(found.Values()[0].Int()), found.Values()[1])
			}
			if err := found.Err(); err != nil {
				t.Fatalf("%s: %v", kind.declared, err)
			}
			// What stands in the table is found by its value.
			sql := "SELECT count(DISTINCT k.ord) FROM " + relation + " JOIN t ON t.v = k.c" + []string{"1", "0"}[first]
			if got := query(t, tx, sql, args...); got[0] != show(record.Int(int64(len(rows)-1))) {
				t.Errorf("%s: of %d values a relation finds %s", kind.declared, len(rows)-1, got[0])
			}
		}
		for i, row := range rows[1:] {
			sql := "SELECT count(*) FROM t WHERE id = ?2 AND v = " + dialect.Typed("?1", column)
			if got := query(t, tx, sql, row[1], int64(i+1)); got[0] != "integer 1" {
				t.Errorf("%s: %s is not found by itself", kind.declared, show(row[1]))
			}
			if column.Type.Kind == record.KindNull || column.Type.Kind == record.KindFloat {
				continue
			}
			if got := query(t, tx, sql, row[1].String(), int64(i+1)); got[0] != "integer 1" {
				t.Errorf("%s: %s is not found by its text", kind.declared, show(row[1]))
			}
		}
	}
}

func onlyColumns(rows [][]record.Value, from int) [][]record.Value {
	var cut [][]record.Value
	for _, row := range rows {
		cut = append(cut, row[from:])
	}
	return cut
}

func tableOf(t testing.TB, db sqldb.DB, name string) *sqldb.Table {
	t.Helper()
	table, err := db.Table(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestArguments passes every type that a Tx takes.
func TestArguments(t *testing.T) {
	tx := begin(t, openFile(t, emptyFile(t)))
	got := query(t, tx, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11",
		"a", int64(-1), 1.5, true, []byte{0, 255}, nil, record.Date(2024, 1, 2), record.Bytes([]byte{1}), record.Null(), "", []byte{})
	want := `text a|integer -1|float 1.5|integer 1|bytes \x00ff|NULL|text 2024-01-02|bytes \x01|NULL|text |bytes \x`
	if got[0] != want {
		t.Errorf("arguments arrive as\n%s instead of\n%s", got[0], want)
	}
	if _, err := tx.Exec(t.Context(), "SELECT ?1", struct{}{}); err == nil {
		t.Error("a struct is taken as an argument")
	}
	for _, sql := range []string{"", "-- nothing", "SELECT 1; SELECT 2"} {
		if _, err := tx.Exec(t.Context(), sql); err == nil {
			t.Errorf("%q is taken for a statement", sql)
		}
	}
}
