package lawtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"landfall/internal/run"
	"landfall/internal/target"
)

// TestA09BusinessThroughTheIdentity: an application inserts all the time through
// the table's own counter, which walks through the very keys that a wave of four
// lanes makes. Nobody loses a row, no key is given twice nor one that was burnt,
// and records whose keys nobody took, or was about to take, have those of a quiet run.
func TestA09BusinessThroughTheIdentity(t *testing.T) {
	t.Parallel()
	w := postgresWorld(t)
	w.do("CREATE TABLE accounts (id NUMBER, legacy varchar(20), amount integer)", "INSERT INTO accounts (id) VALUES (1000)")
	w.mapping(accountMapping(""))
	w.accounts("X1", "X2", "X3", "X4", "X5")
	if code, out, errs := w.cli("rollback", w.run(wave).Run.Name); code != 0 {
		t.Fatalf("rollback: exit %d\n%s%s", code, out, errs)
	}
	const batch = 50
	var keys []string
	for i := range 1500 {
		keys = append(keys, fmt.Sprintf("N%d", i))
	}
	w.accounts(keys...)
	w.disturbed = true
	business := newCounted(t, w.url)
	passes := 0
	out := w.run(run.Options{Mode: target.InsertOnly, Records: batch, Lanes: 4, Points: func(p run.Point) {
		if p == run.PointKeys {
			if passes++; passes == 1 {
				go business.insert()
			}
		}
	}})
	theirs := business.end()
	if len(theirs) == 0 {
		t.Fatal("business inserted nothing")
	}
	for _, end := range out.ends {
		if !strings.HasSuffix(end, " created") {
			t.Error(end)
		}
	}
	for _, id := range w.query("SELECT id FROM accounts WHERE amount = 7 AND legacy IS NULL") {
		if !theirs[id] {
			t.Errorf("row %s is no row of business", id)
		}
		delete(theirs, id)
	}
	for id := range theirs {
		t.Errorf("row %s of business is gone, or not as it was", id)
	}
	got, moved := map[string]string{}, 0
	for _, row := range w.query("SELECT legacy, id FROM accounts WHERE amount = 1") {
		legacy, id, _ := strings.Cut(row, "|")
		if n, _ := strconv.Atoi(id); n <= 1005 {
			t.Errorf("%s has the burnt key %s", legacy, id)
		}
		got[legacy] = id
	}
	same(t, "rows that landed", len(keys), len(got))
	taken, reached := map[string]bool{}, 0 // the last key on the application's way through the run's
	for _, id := range w.query("SELECT id FROM accounts WHERE amount = 7") {
		taken[id] = true
		if n, _ := strconv.Atoi(id); n < 1006+len(keys) {
			reached = max(reached, n)
		}
	}
	for i, key := range keys {
		switch quiet := fmt.Sprint(1006 + i); {
		case taken[quiet]:
			moved++
		case got[key] != quiet && (1006+i < reached || 1006+i > reached+batch):
			t.Errorf("%s has the key %s and not %s, which nobody took", key, got[key], quiet)
		}
	}
	if moved == 0 {
		t.Error("business took none of the run's keys")
	}
	for _, row := range w.crosswalk() {
		if cells := strings.Split(row, "|"); cells[4] == "l" && got[cells[1]] != cells[2] {
			t.Errorf("the crosswalk has the key %s for %s, whose row has %s", cells[2], cells[1], got[cells[1]])
		}
	}
	t.Logf("%d rows of business, %d inserts refused, %d keys taken", len(taken), business.refused, moved)
}

// counted is an application that inserts rows through the table's counter, and
// tries again with the next key when it meets one that is there.
type counted struct {
	insert func()
	end    func() map[string]bool // the keys of its rows
	// refused counts the keys that were there.
	refused int
}

func newCounted(t *testing.T, url string) *counted {
	own, b := open(t, url), &counted{}
	stop, done, keys := make(chan struct{}), make(chan struct{}), map[string]bool{}
	one := func() error {
		tx, err := own.Begin(context.Background())
		if err != nil {
			return err
		}
		defer tx.Rollback(context.Background())
		rows, err := tx.Query(context.Background(), "INSERT INTO accounts (amount) VALUES (7) RETURNING id")
		if err != nil {
			return err
		}
		key := ""
		for rows.Next() {
			key = rows.Values()[0].String()
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		if err := tx.Commit(context.Background()); err != nil {
			return err
		}
		keys[key] = true
		return nil
	}
	b.insert = func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if err := one(); err != nil {
				b.refused++
			}
		}
	}
	b.end = func() map[string]bool {
		close(stop)
		<-done
		return keys
	}
	return b
}
