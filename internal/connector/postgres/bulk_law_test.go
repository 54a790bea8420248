package postgres

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

// drawn lists column types and how to draw a value for them, as Fit would give it.
var drawn = []struct {
	declared string
	draw     func(r *rand.Rand) record.Value
}{
	{"boolean", func(r *rand.Rand) record.Value { return record.Bool(r.IntN(2) == 0) }},
	{"smallint", func(r *rand.Rand) record.Value { return record.Int(int64(int16(anyInt(r)))) }},
	{"integer", func(r *rand.Rand) record.Value { return record.Int(int64(int32(anyInt(r)))) }},
	{"bigint", func(r *rand.Rand) record.Value { return record.Int(anyInt(r)) }},
	{"oid", func(r *rand.Rand) record.Value { return record.Int(int64(uint32(anyInt(r)))) }},
	{"real", func(r *rand.Rand) record.Value { return record.Float(anyFloat32(r)) }},
	{"double precision", func(r *rand.Rand) record.Value { return record.Float(anyFloat64(r)) }},
	{"numeric", func(r *rand.Rand) record.Value { return record.Decimal(anyNumeral(r, 60, 60)) }},
	{"numeric(30,12)", func(r *rand.Rand) record.Value { return record.Decimal(anyNumeral(r, 18, 12)) }},
	{"numeric(12,2)", func(r *rand.Rand) record.Value { return record.Decimal(anyNumeral(r, 10, 5)) }}, // the server rounds
	{"numeric(9,-3)", func(r *rand.Rand) record.Value { return record.Decimal(anyNumeral(r, 9, 0) + "000") }},
	{"amount", func(r *rand.Rand) record.Value { return record.Decimal(anyNumeral(r, 8, 2)) }},
	{"text", func(r *rand.Rand) record.Value { return record.Text(anyText(r, 40)) }},
	{"varchar(20)", func(r *rand.Rand) record.Value { return record.Text(anyText(r, 20)) }},
	{"char(20)", func(r *rand.Rand) record.Value { return record.Text(anyText(r, 20)) }},
	{"name", func(r *rand.Rand) record.Value { return record.Text(anyText(r, 15)) }},
	{"label", func(r *rand.Rand) record.Value { return record.Text(anyText(r, 20)) }},
	{"bytea", func(r *rand.Rand) record.Value { return record.Bytes(anyBytes(r)) }},
	{"date", func(r *rand.Rand) record.Value { return record.Date(anyMoment(r, 0).Date()) }},
	{"time", func(r *rand.Rand) record.Value { return record.TimeOfDay(anyClock(r)) }},
	{"time(2)", func(r *rand.Rand) record.Value { return record.TimeOfDay(anyClock(r)) }},
	{"timestamp", func(r *rand.Rand) record.Value { return record.Timestamp(anyMoment(r, time.Microsecond)) }},
	{"timestamp(3)", func(r *rand.Rand) record.Value { return record.Timestamp(anyMoment(r, time.Microsecond)) }},
	{"timestamptz", func(r *rand.Rand) record.Value { return record.TimestampTZ(anyMoment(r, time.Microsecond)) }},
	{"timestamptz(0)", func(r *rand.Rand) record.Value { return record.TimestampTZ(anyMoment(r, time.Microsecond)) }},
	{"uuid", func(r *rand.Rand) record.Value { return record.Text(anyUUID(r)) }},
	{"json", func(r *rand.Rand) record.Value { return record.JSON(anyJSON(r)) }},
	{"jsonb", func(r *rand.Rand) record.Value { return record.JSON(anyJSON(r)) }},
}

// extremes are values at the edges, and values that have no binary form and
// must arrive as text would have brought them.
var extremes = map[string][]record.Value{
	"smallint": {record.Int(math.MinInt16), record.Int(math.MaxInt16), record.Int(0), record.Text("12"), record.Decimal("7")},
	"integer":  {record.Int(math.MinInt32), record.Int(math.MaxInt32), record.Int(-1)},
	"bigint":   {record.Int(math.MinInt64), record.Int(math.MaxInt64), record.Int(-1), record.Decimal("9223372036854775807")},
	"real": {
		record.Float(0), record.Float(math.Copysign(0, -1)), record.Float(math.MaxFloat32), record.Float(math.SmallestNonzeroFloat32),
		record.Float(math.Inf(1)), record.Float(math.NaN()), record.Float(0.1),
	},
	"double precision": {
		record.Float(math.Copysign(0, -1)), record.Float(math.MaxFloat64), record.Float(math.SmallestNonzeroFloat64),
		record.Float(math.Inf(-1)), record.Float(math.NaN()), record.Int(3),
	},
	"numeric": {
		record.Decimal("0"), record.Decimal("-0"), record.Decimal("0.00"), record.Decimal("-0.000"), record.Decimal("0.0001"), record.Decimal("0.00001"),
		record.Decimal("-0.0000100"), record.Decimal("1.00000"), record.Decimal("10000"), record.Decimal("9999.9999"), record.Decimal("100000000.00010000"),
		record.Decimal("0." + strings.Repeat("0", 19) + "1"), record.Decimal("-0." + strings.Repeat("0", 400) + "123"), record.Decimal("000123.4500"),
		record.Decimal("1" + strings.Repeat("0", 131071)), record.Decimal(strings.Repeat("9", 11999)), record.Decimal(strings.Repeat("9", 12001)),
		record.Decimal("-0." + strings.Repeat("0", 16382) + "1"), record.Decimal(strings.Repeat("12345", 4000) + "." + strings.Repeat("6789", 4000)),
		record.Decimal("1.5e3"), record.Decimal(".5"), record.Decimal("5."), record.Decimal("+5"), record.Text("1.25"), record.Int(12), record.Float(1.5),
		record.Text("NaN"),
	},
	"text": {
		record.Text(""), record.Text(`\N`), record.Text(`\.`), record.Text("\t\n\r\\"), record.Int(5), record.Decimal("1.50"), record.Bool(true),
		record.Date(2024, 2, 29), record.Text(strings.Repeat("long ünï ", 100_000)),
	},
	"varchar(20)": {record.Text("twenty characters  ä     ")}, // only blanks are too long
	"name":        {record.Text(strings.Repeat("n", 63)), record.Text(strings.Repeat("n", 64)), record.Text(strings.Repeat("ä", 40))},
	"bytea":       {record.Bytes(nil), record.Bytes([]byte{0, 255, '\\'}), record.Text(`\x00ff`)},
	"date":        {record.Date(1, 1, 1), record.Date(9999, 12, 31), record.Date(1999, 12, 31), record.Date(10000, 1, 1), record.Text("infinity"), record.Text("0044-03-15 BC")},
	"time":        {record.TimeOfDay(0), record.TimeOfDay(24*time.Hour - time.Microsecond), record.TimeOfDay(123456789), record.TimeOfDay(24 * time.Hour)},
	"timestamp": {
		record.Timestamp(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), record.Timestamp(time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)),
		record.Timestamp(time.Date(1999, 12, 31, 23, 59, 59, 999999000, time.UTC)), record.Timestamp(time.Date(2024, 1, 1, 0, 0, 0, 1500, time.UTC)),
		record.Timestamp(time.Date(12024, 1, 1, 0, 0, 0, 0, time.UTC)), record.Text("-infinity"), record.Date(2024, 1, 1),
	},
	"timestamptz": {
		record.TimestampTZ(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), record.TimestampTZ(time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC)),
		record.Text("2024-02-29 12:00:00+02"),
	},
	"uuid": {
		record.Text("6EC0BD7F-11C0-43DA-975E-2A8AD9EBAE0B"), record.Text("{6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b}"),
		record.Text("6ec0bd7f11c043da975e2a8ad9ebae0b"),
	},
	"json":  {record.JSON(` {"b": 1,  "a" : [1.50, null]} `), record.Text("[1]"), record.Int(5)},
	"jsonb": {record.JSON(`{"b":1,"a":1e2,"a":2}`), record.JSON(`"\u0041"`), record.Bool(true)},
}

// TestBinaryEqualsText holds the two ways of COPY to the same rows, compared by
// the bytes that the server stores.
func TestBinaryEqualsText(t *testing.T) {
	url := servertest.Database(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	tx := openTx(t, url)
	for _, sql := range []string{
		"CREATE DOMAIN amount AS numeric(10,2) CHECK (VALUE IS NOT NULL OR true)", "CREATE DOMAIN short AS varchar(20)",
		"CREATE DOMAIN label AS short DEFAULT 'x'", "COMMIT",
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	tx.end()
	for at, kind := range drawn {
		t.Run(kind.declared, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, uint64(at)))
			var rows [][]record.Value
			for i := range 4000 {
				row := []record.Value{record.Int(int64(i)), record.Null(), record.Text("behind")}
				if r.IntN(20) > 0 {
					row[1] = kind.draw(r)
				}
				rows = append(rows, row)
			}
			compareWays(t, url, kind.declared, rows, true)
			for i, value := range extremes[kind.declared] { // each alone, and behind one that has a binary form
				compareWays(t, url, kind.declared, [][]record.Value{
					{record.Int(0), kind.draw(r), record.Null()}, {record.Int(1), value, record.Text("")}, {record.Int(2), kind.draw(r), record.Null()},
				}, false)
				compareWays(t, url, kind.declared, [][]record.Value{{record.Int(int64(i)), value, record.Null()}}, false)
			}
		})
	}
}

// compareWays writes rows into two tables; binary says that all of them have a
// binary form. Where one way is refused, the other must be, for the same reason.
func compareWays(t *testing.T, url, declared string, rows [][]record.Value, binary bool) {
	t.Helper()
	tx := openTx(t, url)
	defer tx.end()
	run := func(sql string) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, name := range []string{"texts", "bins"} {
		run("CREATE TEMP TABLE " + name + " (id bigint, v " + declared + ", after text)")
	}
	forms, err := tx.db.formsOf(t.Context(), `"bins"`, "id, v, after")
	if err != nil || forms == nil {
		t.Fatalf("%s has no binary form: %v", declared, err)
	}
	if binary {
		for _, row := range rows {
			if _, ok := appendBinaryRow(nil, forms, row); !ok {
				t.Fatalf("%q has no binary form", row[1])
			}
		}
	}
	run("SAVEPOINT s")
	written, textErr := tx.copyText(t.Context(), `COPY "texts" (id, v, after) FROM STDIN`, sqldb.RowsOf(rows))
	if textErr == nil && written != int64(len(rows)) {
		t.Fatalf("%d rows of %d as text", written, len(rows))
	}
	if textErr != nil {
		if binary {
			t.Fatal(textErr)
		}
		run("ROLLBACK TO s")
	}
	columns := []sqldb.Column{{Name: "id"}, {Name: "v"}, {Name: "after"}}
	written, err = tx.BulkInsert(t.Context(), sqldb.Name{Table: "bins"}, columns, sqldb.RowsOf(rows))
	if textErr != nil || err != nil {
		if fmt.Sprint(err) != fmt.Sprint(textErr) {
			t.Errorf("%.60q: binary says %v, text %v", rows[len(rows)/2][1], err, textErr)
		}
		return
	}
	if written != int64(len(rows)) {
		t.Fatalf("%d rows of %d in binary", written, len(rows))
	}
	differing := 0
	err = tx.db.each(t.Context(), `SELECT a.id, left(a.v::text, 200), left(b.v::text, 200), a.v::text IS NOT DISTINCT FROM b.v::text
FROM texts a FULL JOIN bins b ON a.id = b.id WHERE (a *= b) IS DISTINCT FROM true`, func(row []record.Value) error {
		if differing++; differing <= 5 {
			t.Errorf("row %s is %s as text and %s in binary (prints the same: %s)", row[0], row[1], row[2], row[3])
		}
		return nil
	})
	if err != nil || differing > 0 {
		t.Errorf("%d rows of %d differ: %v", differing, len(rows), err)
	}
}

// openedTx is a transaction on a connection of its own.
type openedTx struct{ *transaction }

func openTx(t testing.TB, url string) openedTx {
	t.Helper()
	db, err := Open(t.Context(), url, "")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return openedTx{tx.(*transaction)}
}

func (tx openedTx) end() {
	tx.Rollback(context.Background())
	tx.db.Close(context.Background())
}
