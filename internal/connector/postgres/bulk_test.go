package postgres_test

import (
	"testing"
	"time"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

// wide is a usual table of twelve columns.
const wide = `CREATE TABLE wide (id bigint, branch int, name text, email text, street text, city varchar(40),
  born date, created timestamptz, balance numeric(12,2), active boolean, score double precision, note text)`

func wideRow(row []record.Value, id int64) []record.Value {
	at := time.Unix(1_700_000_000+id, 123456000)
	return append(row[:0],
		record.Int(id), record.Int(id%50), record.Text("Some Customer Name"), record.Text("customer@example.com"),
		record.Text("12 Long Street Name"), record.Text("Springfield"), record.Date(1980, 5, int(1+id%28)), record.TimestampTZ(at),
		record.Decimal("12345.67"), record.Bool(id%2 == 0), record.Float(0.125), record.Null())
}

func wideRows(n int) sqldb.RowSource {
	at, row := 0, make([]record.Value, 0, 12)
	return func() []record.Value {
		if at == n {
			return nil
		}
		at++
		row = wideRow(row, int64(at))
		return row
	}
}

func TestBulkInsertIsAllOrNothing(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	exec(t, tx, wide)
	exec(t, tx, "ALTER TABLE wide ADD CHECK (id <> 70000)")
	table := tableOf(t, db, "wide")
	exec(t, tx, "SAVEPOINT s")
	if _, err := tx.BulkInsert(t.Context(), table.Name, table.Columns, wideRows(200_000)); db.Dialect().Classify(err).Code != record.CodeCheck {
		t.Fatalf("the refused row gives %v", err)
	}
	exec(t, tx, "ROLLBACK TO s")
	written, err := tx.BulkInsert(t.Context(), table.Name, table.Columns, wideRows(60_000))
	if err != nil || written != 60_000 {
		t.Errorf("%d rows: %v", written, err)
	}
	if written, err = tx.BulkInsert(t.Context(), table.Name, table.Columns, wideRows(0)); err != nil || written != 0 {
		t.Errorf("no rows: %d, %v", written, err)
	}
	exec(t, tx, "CREATE VIEW seen AS SELECT * FROM wide")
	if _, err := tx.BulkInsert(t.Context(), sqldb.Name{Table: "seen"}, table.Columns, wideRows(1)); err == nil {
		t.Error("a view takes rows")
	}
}

func BenchmarkQuery(b *testing.B) {
	db := connect(b, servertest.Database(b))
	tx := begin(b, db)
	exec(b, tx, wide)
	table := tableOf(b, db, "wide")
	if _, err := tx.BulkInsert(b.Context(), table.Name, table.Columns, wideRows(b.N)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	rows, err := tx.Query(b.Context(), "SELECT * FROM wide")
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		_ = rows.Values()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
