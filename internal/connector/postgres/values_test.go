package postgres_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

var moment = time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)

// kinds lists, per column type, values in the form that Fit gives.
var kinds = []struct {
	declared string
	values   []record.Value
}{
	{"boolean", []record.Value{record.Bool(true), record.Bool(false)}},
	{"smallint", []record.Value{record.Int(-32768), record.Int(0), record.Int(32767)}},
	{"integer", []record.Value{record.Int(math.MinInt32), record.Int(math.MaxInt32)}},
	{"bigint", []record.Value{record.Int(math.MinInt64), record.Int(math.MaxInt64), record.Int(-1)}},
	{"oid", []record.Value{record.Int(4294967295)}},
	{"real", []record.Value{record.Float(1.5), record.Float(float64(float32(0.1))), record.Float(math.Inf(1))}},
	{"double precision", []record.Value{record.Float(0.1), record.Float(1e300), record.Float(math.Inf(-1)), record.Float(5e-324)}},
	{"numeric", []record.Value{record.Decimal("12.5"), record.Decimal("-0.00000000000000000000001"), record.Decimal(strings.Repeat("9", 300))}},
	{"numeric(10,2)", []record.Value{record.Decimal("12345678.9"), record.Decimal("-0.01"), record.Decimal("0")}},
	{"numeric(2,-3)", []record.Value{record.Decimal("99000"), record.Decimal("0")}},
	{"numeric(3,5)", []record.Value{record.Decimal("0.00999"), record.Decimal("0")}},
	{"text", texts},
	{"varchar(40)", texts},
	{"char(40)", []record.Value{record.Text("padded"), record.Text(""), record.Text(" x")}},
	{"name", []record.Value{record.Text("name")}},
	{"bytea", []record.Value{record.Bytes(nil), record.Bytes([]byte{0, 1, 255, '\\', 'x', '\n', '\t'})}},
	{"date", []record.Value{record.Date(2024, 2, 29), record.Date(1, 1, 1), record.Date(9999, 12, 31), record.Date(1969, 12, 31)}},
	{"time", []record.Value{record.TimeOfDay(0), record.TimeOfDay(24*time.Hour - time.Microsecond), record.TimeOfDay(3 * time.Hour)}},
	{"time(0)", []record.Value{record.TimeOfDay(time.Second)}},
	{"timestamp", []record.Value{record.Timestamp(moment), record.Timestamp(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), record.Timestamp(moment.Truncate(time.Second))}},
	{"timestamp(3)", []record.Value{record.Timestamp(moment.Truncate(time.Millisecond))}},
	{"timestamptz", []record.Value{record.TimestampTZ(moment), record.TimestampTZ(time.Unix(-1, 500_000_000)), record.TimestampTZ(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))}},
	{"uuid", []record.Value{record.Text("6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b")}},
	{"json", []record.Value{record.JSON(`{"a":"\\ \n \u0041","b":[1,2.50,null]}`), record.JSON(`"x"`)}},
	{"jsonb", []record.Value{record.JSON(`{"a":1}`), record.JSON(`[]`)}},
	{"mood", []record.Value{record.Text("it's ok"), record.Text(`a"b\c`)}},
	{"short", []record.Value{record.Text("abc")}},
	{"interval", []record.Value{record.Text("1 day 02:03:04")}},
	{"inet", []record.Value{record.Text("10.0.0.1")}},
	{"text[]", []record.Value{record.Text(`{a,"b c",NULL}`)}},
	{"point", []record.Value{record.Text("(1,2)")}},
	{"bit(3)", []record.Value{record.Text("101")}},
}

var texts = []record.Value{
	record.Text(""), record.Text("plain"), record.Text("tab\tnew\nline\rreturn"), record.Text(`back\slash \N \. \x41`), record.Text("\\."),
	record.Text("\b\f\v\x01\x7f"), record.Text("Ünï 日本 🙂"), record.Text(`"q" 'q' {a,b} NULL`), record.Text(" blanks "),
}

func createKinds(t *testing.T, tx sqldb.Tx) {
	t.Helper()
	exec(t, tx, `CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'a"b\c')`)
	exec(t, tx, "CREATE DOMAIN shorter AS varchar(5) NOT NULL")
	exec(t, tx, "CREATE DOMAIN short AS shorter DEFAULT 'x' CHECK (VALUE <> 'bad')")
	exec(t, tx, "ALTER DOMAIN shorter DROP NOT NULL")
}

// TestRoundTrip writes every kind of value by COPY, passes it as an argument
// and in a relation, and reads back what was written.
func TestRoundTrip(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	createKinds(t, tx)
	dialect := db.Dialect()
	for _, kind := range kinds {
		exec(t, tx, "DROP TABLE IF EXISTS t")
		exec(t, tx, "CREATE TABLE t (id int, v "+kind.declared+")")
		table := tableOf(t, db, "t")
		column := table.Columns[1]
		var rows [][]record.Value
		for i, value := range append([]record.Value{record.Null()}, kind.values...) {
			fitted, misfit := column.Type.Fit(value)
			if misfit != nil {
				t.Errorf("%s: %q does not fit %+v: %v", kind.declared, value, column.Type, misfit)
			}
			if fitted != value && kind.declared != "json" && kind.declared != "jsonb" {
				t.Errorf("%s: %q fits as %q", kind.declared, value, fitted)
			}
			rows = append(rows, []record.Value{record.Int(int64(i)), value})
		}
		written, err := tx.BulkInsert(t.Context(), table.Name, table.Columns, sqldb.RowsOf(rows))
		if err != nil {
			t.Fatalf("%s: %v", kind.declared, err)
		}
		if written != int64(len(rows)) {
			t.Errorf("%s: %d rows written instead of %d", kind.declared, written, len(rows))
		}
		check := func(how string, i int, got record.Value) {
			want, _ := column.Type.Fit(rows[i][1])
			fitted, misfit := column.Type.Fit(got)
			if misfit != nil || fitted != want {
				t.Errorf("%s %s: %q comes back as %q %v", kind.declared, how, rows[i][1], got, misfit)
			}
		}
		found, err := tx.Query(t.Context(), "SELECT id, v FROM t ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		for found.Next() {
			check("from the table", int(found.Values()[0].Int()), found.Values()[1])
		}
		relation, args := dialect.Relation("k", table.Columns, rows, 1)
		found, err = tx.Query(t.Context(), "SELECT k.ord, k.c1 FROM "+relation, args...)
		if err != nil {
			t.Fatal(err)
		}
		for found.Next() {
			check("from a relation", int(found.Values()[0].Int()), found.Values()[1])
		}
		if err := found.Err(); err != nil {
			t.Fatalf("%s: %v", kind.declared, err)
		}
		for i, row := range rows {
			found, err = tx.Query(t.Context(), "SELECT "+dialect.Typed("$1", column), row[1])
			if err != nil {
				t.Fatal(err)
			}
			for found.Next() {
				check("from an argument", i, found.Values()[0])
			}
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestUnusualValues reads what no value of ours stands for.
func TestUnusualValues(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	for sql, want := range map[string]string{
		"'infinity'::date":                          "text infinity",
		"'-infinity'::timestamp":                    "text -infinity",
		"'infinity'::timestamptz":                   "text infinity",
		"'0044-03-15 BC'::date":                     "text 0044-03-15 BC",
		"'0044-03-15 12:00:00 BC'::timestamp":       "text 0044-03-15 12:00:00 BC",
		"'0044-03-15 12:00:00+00 BC'::timestamptz":  "text 0044-03-15 12:00:00+00 BC",
		"'10000-01-01'::date":                       "date 10000-01-01",
		"'294276-12-31 23:59:59.999999'::timestamp": "timestamp 294276-12-31 23:59:59.999999",
		"'24:00:00'::time":                          "text 24:00:00",
		"'12:00:00+02'::timetz":                     "text 12:00:00+02",
		"'NaN'::numeric":                            "text NaN",
		"'NaN'::float8":                             "float NaN",
		"'Infinity'::numeric":                       "text Infinity",
		"1.50::numeric":                             "decimal 1.50",
		"NULL":                                      "NULL",
		"ARRAY[1,2]":                                "text {1,2}",
		"ROW(1,'a')":                                "text (1,a)",
		"'abc'::char(5)":                            "text abc",
		"'12.34'::money":                            "text $12.34",
	} {
		if got := query(t, tx, "SELECT "+sql); got[0] != want {
			t.Errorf("%s is read as %s instead of %s", sql, got[0], want)
		}
	}
	exec(t, tx, "SET timezone = 'Asia/Kathmandu'")
	if got := query(t, tx, "SELECT '2024-01-01 00:00:00Z'::timestamptz"); got[0] != "timestamp with zone 2024-01-01 00:00:00Z" {
		t.Errorf("an instant in another zone is read as %s", got[0])
	}
}

// TestArguments passes every type that a Tx takes.
func TestArguments(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	got := query(t, tx, "SELECT $1::text, $2::bigint, $3::float8, $4::boolean, $5::bytea, $6::text, $7::date, $8::bytea, $9::text",
		"a", int64(-1), 1.5, true, []byte{0, 255}, nil, record.Date(2024, 1, 2), record.Bytes([]byte{1}), record.Null())
	want := `text a|integer -1|float 1.5|bool true|bytes \x00ff|NULL|date 2024-01-02|bytes \x01|NULL`
	if got[0] != want {
		t.Errorf("arguments arrive as\n%s instead of\n%s", got[0], want)
	}
	if _, err := tx.Exec(t.Context(), "SELECT $1", struct{}{}); err == nil {
		t.Error("a struct is taken as an argument")
	}
}
