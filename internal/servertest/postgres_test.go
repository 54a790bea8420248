package servertest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestDatabaseIsFresh(t *testing.T) {
	t.Parallel()
	first, second := Database(t), Database(t)
	if first == second {
		t.Fatal("two databases have one name")
	}
	if _, err := connect(t, first).Exec(t.Context(), "CREATE TABLE t (id int)"); err != nil {
		t.Fatal(err)
	}
	var tables int
	row := connect(t, second).QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
	if err := row.Scan(&tables); err != nil || tables != 0 {
		t.Fatalf("tables in a fresh database: %d, %v", tables, err)
	}
}

func TestKilledServerKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := Private(t)
	conn := connect(t, server.URL("postgres"))
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 1 AS id"); err != nil {
		t.Fatal(err)
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "INSERT INTO kept VALUES (2)"); err != nil {
		t.Fatal(err)
	}
	// A busy backend must not keep the server's memory alive over the kill.
	busy := connect(t, server.URL("postgres"))
	go func() { _, _ = busy.Exec(context.Background(), "SELECT pg_sleep(60)") }()
	for round := range 3 {
		server.Kill9()
		if err := server.Restart(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	var rows int
	if err := connect(t, server.URL("postgres")).QueryRow(t.Context(), "SELECT count(*) FROM kept").Scan(&rows); err != nil || rows != 1 {
		t.Fatalf("rows after the crash: %d, %v; want the committed one", rows, err)
	}
}

func TestStoppedServerRefusesConnections(t *testing.T) {
	t.Parallel()
	server := Private(t)
	server.Stop()
	if conn, err := pgx.Connect(t.Context(), server.URL("postgres")); err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("a stopped server took a connection")
	}
}
