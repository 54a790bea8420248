package guard

import (
	"errors"
	"strings"
	"testing"
	"time"

	"landfall/internal/books"
	"landfall/internal/connector/postgres"
	"landfall/internal/mapping"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

// TestBackupThatHangsIsNoted: a query that is given up takes its connection with
// it, and the refusal is in the audit all the same.
func TestBackupThatHangsIsNoted(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := postgres.Open(ctx, servertest.Database(t), "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	b, err := books.New(db.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	rules := Rules{Connection: "crm", Protected: true, Backup: &mapping.Backup{Query: "SELECT pg_sleep(60)", NoOlderThan: 24 * time.Hour, Age: "24h"}}
	gate := NewGate(b, rules, Asking{Actor: "ann", Host: "desk", Command: "run", Migration: "tiny"})
	gate.patience = 200 * time.Millisecond
	seen, err := gate.Look(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Arm(ctx, db, Arming{For: time.Hour, Reason: "wave 7", Typed: seen.Phrase()}); err != nil {
		t.Fatal(err)
	}
	refused := gate.Open(ctx, db)
	var refusal *Refusal
	if !errors.As(refused, &refusal) || refusal.Code != CodeBackup || strings.Contains(refused.Error(), "could not be noted") {
		t.Fatal(refused)
	}
	again, err := db.(sqldb.Reopener).Another(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(ctx)
	tx, err := again.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	last, err := Last(ctx, tx, b, 1)
	if err != nil || len(last) != 1 || last[0].Event != EventRefused || !strings.Contains(last[0].Message, "did not answer within 200ms") {
		t.Fatal(last, err)
	}
}
