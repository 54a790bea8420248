package books

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"landfall/internal/connector/sqlite"
)

// A transaction that outlasts the lease renews it before it ends; a short one
// leaves that to the keeper.
func TestKeep(t *testing.T) {
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "a.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(ctx, "sqlite:"+file, "", false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if err := Ensure(ctx, tx, db.Dialect(), 0); err != nil {
		t.Fatal(err)
	}
	b, err := New(db.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	lease, err := b.Acquire(ctx, tx, "m", "me", "p", func(Holder) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	runsOut := func() bool {
		if _, err := b.Exec(ctx, tx, "UPDATE {lease} SET expires_at = "+b.Now(-1)); err != nil {
			t.Fatal(err)
		}
		if err := lease.Keep(ctx, tx, "m-0001"); err != nil {
			t.Fatal(err)
		}
		row, _, err := b.One(ctx, tx, "SELECT CASE WHEN expires_at > "+b.Now(20)+" THEN 1 ELSE 0 END FROM {lease}")
		if err != nil {
			t.Fatal(err)
		}
		return row[0].Int() == 0
	}
	if !runsOut() {
		t.Error("a lease that was taken a moment ago is renewed")
	}
	lease.seen.Store(time.Now().Add(-LeaseSeconds * time.Second).UnixNano())
	if runsOut() {
		t.Error("a lease that nobody renewed is not renewed")
	}
	lease.Renewed()
	if !runsOut() {
		t.Error("a lease that the keeper renewed is renewed again")
	}
}
