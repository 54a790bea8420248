package postgres_test

import (
	"strings"
	"testing"

	"landfall/internal/connector/table"
	"landfall/internal/servertest"
)

// TestUnseen: a snapshot that was written down tells rows that it saw from those
// that came after it, savepoints included.
func TestUnseen(t *testing.T) {
	address := servertest.Database(t)
	db, other := connect(t, address), connect(t, address)
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE item (id integer PRIMARY KEY)")
	exec(t, tx, "INSERT INTO item VALUES (1)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	about, err := db.Table(t.Context(), "item")
	if err != nil {
		t.Fatal(err)
	}
	lander := table.NewLander(db.Dialect(), about, about.Columns[:1])
	snapshot := func() string {
		t.Helper()
		tx := begin(t, db)
		defer tx.Rollback(t.Context())
		text, err := lander.Snapshot(t.Context(), tx)
		if err != nil || text == "" {
			t.Fatal(text, err)
		}
		return text
	}
	unseen := func(snapshot string, mark *int64) int64 {
		t.Helper()
		condition, err := lander.Unseen(snapshot, mark)
		if err != nil {
			t.Fatal(err)
		}
		tx := begin(t, db)
		defer tx.Rollback(t.Context())
		all, err := lander.FingerprintAllUnseen(t.Context(), tx, condition)
		if err != nil {
			t.Fatal(err)
		}
		return all.Rows
	}
	empty := snapshot()
	open := begin(t, other)
	exec(t, open, "INSERT INTO item VALUES (2)")
	exec(t, open, "SAVEPOINT a")
	exec(t, open, "INSERT INTO item VALUES (3)")
	exec(t, open, "RELEASE a")
	tx = begin(t, db)
	exec(t, tx, "INSERT INTO item VALUES (4)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken := snapshot()
	if rows := unseen(taken, nil); rows != 0 {
		t.Errorf("%d rows are new before anything came", rows)
	}
	if err := open.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := unseen(taken, nil); rows != 2 {
		t.Errorf("%d rows of the open transaction are new, not 2", rows)
	}
	// Without the list of what was seen the savepoint's row is not told apart.
	bare, _, _ := strings.Cut(taken, ";")
	if rows := unseen(bare, nil); rows != 1 {
		t.Errorf("%d rows of the open transaction are new without savepoints, not 1", rows)
	}
	// Of transactions that began later, a mark keeps to those above it.
	mark := int64(3)
	if all, late := unseen(empty, nil), unseen(empty, &mark); all != 3 || late != 1 {
		t.Errorf("%d rows came since, and %d above the mark, not 3 and 1", all, late)
	}
	for _, text := range []string{"", "1", "1:2", "a:b:c", "1:2:x", "1:2:;3,4)", "-1:2:", "1:2:3:4"} {
		if _, err := lander.Unseen(text, nil); err == nil {
			t.Errorf("%q passes for a snapshot", text)
		}
	}
}
