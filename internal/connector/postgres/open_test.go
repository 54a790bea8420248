package postgres_test

import (
	"context"
	"strings"
	"testing"

	"landfall/internal/connector/postgres"
	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

func connect(t testing.TB, url string) sqldb.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(context.Background()) })
	return db
}

func begin(t testing.TB, db sqldb.DB) sqldb.Tx {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback(context.Background()) })
	return tx
}

func exec(t testing.TB, tx sqldb.Tx, sql string, args ...any) int64 {
	t.Helper()
	n, err := tx.Exec(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// query returns the text of all rows, cells divided by "|".
func query(t testing.TB, tx sqldb.Tx, sql string, args ...any) []string {
	t.Helper()
	rows, err := tx.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var cells []string
		for _, value := range rows.Values() {
			cells = append(cells, show(value))
		}
		all = append(all, strings.Join(cells, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

func show(value record.Value) string {
	if value.IsNull() {
		return "NULL"
	}
	return value.Kind().String() + " " + value.String()
}

func tableOf(t testing.TB, db sqldb.DB, name string) *sqldb.Table {
	t.Helper()
	table, err := db.Table(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestOpenKeepsThePassword(t *testing.T) {
	for _, url := range []string{
		"postgres://user:hunter2@127.0.0.1:1/db",
		"postgres://user@127.0.0.1:1/db?password=hunter2",
		"postgres://user:hunter2@127.0.0.1:1/db?sslmode=nonsense",
		"postgres://user:hunter2@127.0.0.1:port/db",
		"postgres://user:hunter2@[::1/db",
		"mysql://user:hunter2@127.0.0.1/db",
		"host=127.0.0.1 password=hunter2",
	} {
		_, err := postgres.Open(t.Context(), url, "hunter2")
		if err == nil {
			t.Fatalf("%s is opened", url)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestSession(t *testing.T) {
	url := servertest.Database(t)
	db := connect(t, url)
	if identity := db.Identity(); strings.Contains(identity, "@") || !strings.Contains(identity, "/landfall_test_") {
		t.Errorf("the database is called %s", identity)
	}
	tx := begin(t, db)
	got := query(t, tx, "SELECT current_setting('timezone'), current_setting('application_name'), current_setting('datestyle')")
	if got[0] != "text UTC|text landfall|text ISO, YMD" {
		t.Errorf("the session has %s", got[0])
	}
}

func TestDeniedConnection(t *testing.T) {
	url := servertest.Database(t)
	at := strings.LastIndex(url, "/landfall_test_")
	db := connect(t, url)
	_, err := postgres.Open(t.Context(), url[:at]+"/landfall_no_such_database", "")
	if err == nil {
		t.Fatal("a database that does not exist is opened")
	}
	if !strings.Contains(err.Error(), "landfall_no_such_database") {
		t.Errorf("the error is %v", err)
	}
	_, err = postgres.Open(t.Context(), "postgres://nobody@127.0.0.1:1/db", "")
	fault := db.Dialect().Classify(err)
	if !fault.Lost || !fault.Transient || fault.Denied {
		t.Errorf("a server that does not answer is %+v (%v)", fault, err)
	}
}

func TestTransactions(t *testing.T) {
	url := servertest.Database(t)
	db, other := connect(t, url), connect(t, url)
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (id int)")
	exec(t, tx, "INSERT INTO t VALUES (1)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Errorf("Rollback after Commit: %v", err)
	}

	snapshot, err := other.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, snapshot, "SELECT count(*) FROM t"); got[0] != "integer 1" {
		t.Errorf("the snapshot counts %v", got)
	}
	tx = begin(t, db)
	if n := exec(t, tx, "INSERT INTO t SELECT * FROM generate_series(2, 4)"); n != 3 {
		t.Errorf("%d rows changed", n)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := query(t, snapshot, "SELECT count(*) FROM t"); got[0] != "integer 1" {
		t.Errorf("the snapshot counts %v later on", got)
	}
	if _, err := snapshot.Exec(t.Context(), "INSERT INTO t VALUES (9)"); err == nil {
		t.Error("the snapshot writes")
	}
	if err := snapshot.Rollback(t.Context()); err != nil {
		t.Error(err)
	}

	// The commit of a failed transaction must not pass for one.
	tx = begin(t, db)
	if _, err := tx.Exec(t.Context(), "INSERT INTO t VALUES (1/0)"); err == nil {
		t.Fatal("1/0 is inserted")
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("a failed transaction commits")
	}

	// Cancelling in the middle leaves no open transaction behind.
	tx = begin(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tx.Rollback(ctx); err != nil {
		t.Errorf("Rollback under a cancelled context: %v", err)
	}
	if got := query(t, begin(t, db), "SELECT count(*) FROM t"); got[0] != "integer 4" {
		t.Errorf("the table holds %v", got)
	}
}

func TestRowsAreStreamedAndCanBeLeft(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	rows, err := tx.Query(t.Context(), "SELECT * FROM generate_series(1, 1000000)")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
	}
	if got := rows.Values()[0].Int(); got != 10 {
		t.Errorf("the tenth row is %d", got)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	if got := query(t, tx, "SELECT 1"); len(got) != 1 {
		t.Error("the connection is unusable after rows were left")
	}
}
