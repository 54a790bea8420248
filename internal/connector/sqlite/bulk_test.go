package sqlite_test

import (
	"fmt"
	"testing"
	"time"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// wide is a usual table of twelve columns.
const wide = `CREATE TABLE wide (id INTEGER PRIMARY KEY, branch INT, name TEXT, email TEXT, street TEXT, city VARCHAR(40),
  born DATE, created TIMESTAMPTZ, balance DECIMAL(12,2), active BOOLEAN, score REAL, note TEXT)`

func wideRows(n int) sqldb.RowSource {
	at, row := 0, make([]record.Value, 12)
	return func() []record.Value {
		if at == n {
			return nil
		}
		at++
		id := int64(at)
		row = append(row[:0],
			record.Int(id), record.Int(id%50), record.Text("Some Customer Name"), record.Text("customer@example.com"),
			record.Text("12 Long Street Name"), record.Text("Springfield"), record.Date(1980, 5, int(1+id%28)),
			record.TimestampTZ(time.Unix(1_700_000_000+id, 123456000)),
			record.Decimal("12345.67"), record.Bool(id%2 == 0), record.Float(0.125), record.Null())
		return row
	}
}

func TestBulkInsertChecksReferencesAtItsEnd(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (id INTEGER PRIMARY KEY, up INT REFERENCES t)")
	table := tableOf(t, db, "t")
	insert := func(rows ...[]record.Value) error {
		exec(t, tx, "SAVEPOINT s")
		written, err := tx.BulkInsert(t.Context(), table.Name, table.Columns, sqldb.RowsOf(rows))
		if err == nil && written != int64(len(rows)) {
			t.Errorf("%d rows written", written)
		}
		if err != nil {
			exec(t, tx, "ROLLBACK TO s")
		}
		return err
	}
	forward := [][]record.Value{{record.Int(1), record.Int(2)}, {record.Int(2), record.Null()}}
	if err := insert(forward...); err != nil {
		t.Errorf("a reference to a later row: %v", err)
	}
	if err := insert([]record.Value{record.Int(3), record.Int(99)}); db.Dialect().Classify(err).Code != record.CodeForeignKey {
		t.Errorf("a reference to nothing: %v", err)
	}
	if err := insert([]record.Value{record.Int(3), record.Int(1)}); err != nil {
		t.Errorf("after the refused rows were taken back: %v", err)
	}
	if _, err := tx.Exec(t.Context(), "INSERT INTO t VALUES (4, 99)"); db.Dialect().Classify(err).Code != record.CodeForeignKey {
		t.Errorf("a single statement is no longer checked: %v", err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBulkInsertCountsWhatIsKept(t *testing.T) {
	db := openFile(t, emptyFile(t))
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
	exec(t, tx, "CREATE TRIGGER swallow BEFORE INSERT ON t WHEN NEW.id = 2 BEGIN SELECT RAISE(IGNORE); END")
	table := tableOf(t, db, "t")
	written, err := tx.BulkInsert(t.Context(), table.Name, table.Columns, sqldb.RowsOf([][]record.Value{{record.Int(1)}, {record.Int(2)}, {record.Int(3)}}))
	if err != nil || written != 2 {
		t.Errorf("%d rows counted (%v), although a trigger swallowed one of three", written, err)
	}
}

func TestBulkInsertWritesEveryRow(t *testing.T) {
	db := openFile(t, emptyFile(t))
	for _, n := range []int{0, 1, 15, 16, 17, 1000} {
		tx := begin(t, db)
		exec(t, tx, wide)
		table := tableOf(t, db, "wide")
		written, err := tx.BulkInsert(t.Context(), table.Name, table.Columns, wideRows(n))
		if err != nil || written != int64(n) {
			t.Errorf("%d rows of %d: %v", written, n, err)
		}
		if got := query(t, tx, "SELECT count(*), count(DISTINCT id), count(DISTINCT name) FROM wide"); got[0] != fmt.Sprintf("integer %d|integer %[1]d|integer %d", n, min(n, 1)) {
			t.Errorf("of %d rows the table holds %s", n, got[0])
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSnapshotAndLocks(t *testing.T) {
	dir := emptyFile(t)
	db := openFile(t, dir)
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (id)")
	exec(t, tx, "INSERT INTO t VALUES (1)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Errorf("Rollback after Commit: %v", err)
	}
	snapshot, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := snapshot.Exec(t.Context(), "INSERT INTO t VALUES (2)"); !db.Dialect().Classify(err).Denied {
		t.Errorf("the snapshot writes: %v", err)
	}
	if err := snapshot.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	tx = begin(t, db)
	exec(t, tx, "INSERT INTO t VALUES (2)")
	rival := openFile(t, dir)
	impatient, err := rival.Snapshot(t.Context())
	if err != nil {
		t.Fatalf("reading beside a writer: %v", err)
	}
	exec(t, impatient, "PRAGMA busy_timeout = 20")
	if err := impatient.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := rival.Begin(t.Context()); !db.Dialect().Classify(err).Transient {
		t.Errorf("a second writer: %v", err)
	}
}

func BenchmarkBulkInsert(b *testing.B) {
	db := openFile(b, emptyFile(b))
	tx := begin(b, db)
	exec(b, tx, wide)
	table := tableOf(b, db, "wide")
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := tx.BulkInsert(b.Context(), table.Name, table.Columns, wideRows(b.N)); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkQuery(b *testing.B) {
	db := openFile(b, emptyFile(b))
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
