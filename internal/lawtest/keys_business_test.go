package lawtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"landfall/internal/run"
)

// TestA09BusinessTakesAKey: between reserving and landing somebody inserts rows
// with keys of the batch. Their records get the next free ones, those that refer
// to them follow, in the batch, in later ones and in other entities, and no other record's key moves.
func TestA09BusinessTakesAKey(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do("CREATE TABLE accounts (id bigint PRIMARY KEY, head_id bigint REFERENCES accounts (id), legacy varchar(20), amount integer)",
			"CREATE TABLE meters (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts (id), legacy varchar(20), reading integer)")
		w.mapping(strings.Replace(accountMapping(""), "amount: Amount", "head_id: {ref: account, from: Head}", 1) + meterMapping)
		w.file("accounts.csv", "No,Head", "F,", "G,F", "H,", "I,F", "J,H")
		w.meters("m1,F,1", "m2,G,1", "m3,F,1", "m4,F,1")
		var warned []string
		passes := 0
		out := w.run(run.Options{Records: 2, Lanes: 1, Observe: warnings(&warned), Points: func(p run.Point) {
			if p != run.PointKeys {
				return
			}
			switch passes++; passes {
			case 1:
				w.do("INSERT INTO accounts (id, legacy) VALUES (1001, 'business')")
			case 2:
				w.do("INSERT INTO accounts (id, legacy) VALUES (1003, 'business'), (1007, 'business')")
			case 4: // the first of meters
				w.do("INSERT INTO meters (id, legacy) VALUES (100601, 'business')")
			}
		}})
		for _, end := range out.ends {
			if !strings.HasSuffix(end, " created") {
				t.Error(end)
			}
		}
		same(t, "accounts", []string{
			"1001|NULL|business", "1002|1006|G", "1003|NULL|business", "1004|1006|I", "1005|1008|J", "1006|NULL|F", "1007|NULL|business", "1008|NULL|H",
		}, w.query("SELECT id, head_id, legacy FROM accounts ORDER BY id"))
		same(t, "meters", []string{"100201|1002|m2", "100601|NULL|business", "100602|1006|m3", "100603|1006|m4", "100604|1006|m1"}, w.query("SELECT id, account_id, legacy FROM meters ORDER BY id"))
		same(t, "crosswalk", []string{
			"account|F|1006|c|l", "account|G|1002|c|l", "account|H|1008|c|l", "account|I|1004|c|l", "account|J|1005|c|l",
			"meter|m1|100604|c|l", "meter|m2|100201|c|l", "meter|m3|100602|c|l", "meter|m4|100603|c|l",
		}, w.crosswalk())
		if told := strings.Join(warned, "\n"); !strings.Contains(told, "1 key of account was taken by somebody else") {
			t.Errorf("warned of %q", told)
		}
		w.file("accounts.csv", "No,Head", "K,")
		w.run(run.Options{})
		same(t, "the next run", []string{"1009"}, w.query("SELECT id FROM accounts WHERE legacy = 'K'"))
	})
}

// TestA09StrictRejectsATakenKey: nothing else than the reserved key will do.
func TestA09StrictRejectsATakenKey(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed, w.unplannable = true, "somebody takes the key between its reservation and the write, which no look at the target tells before"
		w.do(accountSchema)
		w.mapping(accountMapping(", collisions: strict"))
		w.accounts("F", "G")
		out := w.run(run.Options{Points: func(p run.Point) {
			if p == run.PointKeys {
				w.do("INSERT INTO accounts (id) VALUES (1001)")
			}
		}})
		same(t, "ends", []string{"account:F failed: unique in id", "account:G created"}, out.ends)
		same(t, "the record's key", []string{"1002|G"}, w.query("SELECT id, legacy FROM accounts WHERE legacy IS NOT NULL"))
	})
}

// TestA09RegistryTakesAKey: business inserts a row and deletes it again; what is
// left of it is in the registry, and counts.
func TestA09RegistryTakesAKey(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do(accountSchema, "CREATE TABLE accounts_k (id bigint PRIMARY KEY)")
		w.mapping(accountMapping(", registry: {table: accounts_k, column: id}"))
		w.accounts("F", "G")
		w.run(run.Options{Points: func(p run.Point) {
			if p == run.PointKeys {
				w.do("INSERT INTO accounts_k (id) VALUES (1002)")
			}
		}})
		same(t, "keys", []string{"1001|F", "1003|G"}, w.query("SELECT id, legacy FROM accounts ORDER BY id"))
		same(t, "registry", []string{"1001", "1002", "1003"}, w.query("SELECT id FROM accounts_k ORDER BY id"))
	})
}

// TestA09SharedSpace: entities of one space share their row numbers, and a key
// that one table holds is taken for the other.
func TestA09SharedSpace(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, "CREATE TABLE persons (id integer PRIMARY KEY, legacy varchar(20))",
			"INSERT INTO persons VALUES (1002, 'x')", "INSERT INTO accounts (id) VALUES (1004)")
		space := ", space: people, start_row_number: 1"
		w.mapping(strings.Replace(accountMapping(space), "amount: Amount", "amount: {from: Amount, check: required}", 1) + `  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: offset, base: 1000` + space + `}}
    fields: {legacy: No}
`)
		w.file("accounts.csv", "No,Amount", "A,1", "B,1", "C,")
		w.file("persons.csv", "No", "P", "Q")
		w.run(run.Options{})
		same(t, "accounts", []string{"1001|A", "1003|B"}, w.query("SELECT id, legacy FROM accounts WHERE legacy IS NOT NULL ORDER BY id"))
		same(t, "persons", []string{"1005|P", "1006|Q"}, w.query("SELECT id, legacy FROM persons WHERE legacy <> 'x' ORDER BY id"))
	})
}

// TestA16RehearsalUsesNoKeys up, and shows those that a run would give.
func TestA16RehearsalUsesNoKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.used()
		w.accounts("F", "G", "H")
		for range 2 {
			code, out, errs := w.cli("run", "--dry-run", "--limit", "3", "--batch", "2")
			if code != 0 || !strings.Contains(out, "1006") || !strings.Contains(out, "1008") {
				t.Fatalf("exit %d\n%s%s", code, out, errs)
			}
		}
		w.run(run.Options{})
		same(t, "keys", []string{"1006|F", "1007|G", "1008|H"}, w.query("SELECT id, legacy FROM accounts WHERE id > 1005 ORDER BY id"))
	})
}

// TestA09BusinessBesideLanes: people go on inserting rows behind the highest
// key, which is where the run's keys are. Nobody loses a row, no key is given
// twice, and records whose keys nobody took have those of a quiet run.
func TestA09BusinessBesideLanes(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do(accountSchema)
		w.mapping(accountMapping(""))
		var keys []string
		for i := range 300 {
			keys = append(keys, fmt.Sprintf("N%d", i))
		}
		w.accounts(keys...)
		ended, done := make(chan struct{}), make(chan int)
		own := open(t, w.url)
		business := func() {
			inserted := 0
			for {
				select {
				case <-ended:
					done <- inserted
					return
				default:
				}
				if tx, err := own.Begin(context.Background()); err == nil {
					n, err := tx.Exec(context.Background(), "INSERT INTO accounts (id, amount) SELECT coalesce(max(id), 1000) + 1, 7 FROM accounts")
					if err == nil && tx.Commit(context.Background()) == nil {
						inserted += int(n)
					}
					_ = tx.Rollback(context.Background()) // a key that somebody else took is tried again
				}
				time.Sleep(3 * time.Millisecond)
			}
		}
		out := w.run(run.Options{Records: 20, Lanes: 4, Points: func(p run.Point) {
			if p == run.PointStarted {
				go business()
			}
		}})
		close(ended)
		inserted := <-done
		for _, end := range out.ends {
			if !strings.HasSuffix(end, " created") {
				t.Error(end)
			}
		}
		same(t, "rows of business", []string{fmt.Sprint(inserted)}, w.query("SELECT count(*) FROM accounts WHERE amount = 7"))
		theirs := map[string]bool{}
		for _, id := range w.query("SELECT id FROM accounts WHERE amount = 7") {
			theirs[id] = true
		}
		got := map[string]string{}
		for _, row := range w.query("SELECT legacy, id FROM accounts WHERE amount = 1") {
			legacy, id, _ := strings.Cut(row, "|")
			got[legacy] = id
		}
		moved := 0
		for i, key := range keys {
			quiet := fmt.Sprint(1001 + i)
			if theirs[quiet] {
				moved++
			} else if got[key] != quiet {
				t.Errorf("%s has the key %s and not %s, which nobody took", key, got[key], quiet)
			}
		}
		t.Logf("%d rows of business, %d keys taken", inserted, moved)
		for _, row := range w.crosswalk() {
			cells := strings.Split(row, "|")
			if got[cells[1]] != cells[2] {
				t.Errorf("the crosswalk has the key %s for %s, whose row has %s", cells[2], cells[1], got[cells[1]])
			}
		}
	})
}
