package lawtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/rollback"
	"landfall/internal/run"
)

// TestA01ModeIsDisabledByDefault: disabled, insert wave 7: refused, an audit
// entry, 0 rows, nothing made.
func TestA01ModeIsDisabledByDefault(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(3, "")
		runs := filepath.Join(w.dir, "runs")
		refused := w.refuses(guard.CodeDisabled, run.Options{RunsDir: runs}, run.Run)
		if !strings.Contains(refused.Text, "landfall guard arm") {
			t.Error("it does not say what to do:", refused.Text)
		}
		w.refuses(guard.CodeDisabled, run.Options{RunsDir: runs}, run.Run)
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		if present := w.query("SELECT count(*) FROM " + map[bool]string{
			true:  "sqlite_schema WHERE name LIKE 'landfall%'",
			false: "information_schema.schemata WHERE schema_name = 'landfall'",
		}[strings.HasPrefix(w.url, "sqlite:")]); present[0] != "0" {
			t.Error("a refused run made the books")
		}
		trail := filepath.Join(w.dir, guard.TrailName)
		chain, err := guard.VerifyTrail(trail)
		if err != nil || chain.Entries != 2 || len(chain.Flaws) > 0 {
			t.Errorf("the trail: %+v, %v", chain, err)
		}
		text := readFile(t, trail)
		for _, part := range []string{`"event":"refused"`, `"command":"run"`, `"migration":"acme"`, `"connection":"goal"`, "mode-disabled"} {
			if !strings.Contains(text, part) {
				t.Errorf("the trail misses %s:\n%s", part, text)
			}
		}
		if err := os.WriteFile(trail, []byte(strings.Replace(text, "acme", "acne", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if chain, err = guard.VerifyTrail(trail); err != nil || len(chain.Flaws) != 1 || !strings.Contains(chain.Flaws[0], "entry 0") {
			t.Errorf("a changed trail: %+v, %v", chain, err)
		}
		// With books, which an arming made, the audit is in them.
		w.arm(guard.Arming{}, nil)
		if _, err := w.gate(nil).Disarm(context.Background(), w.db, "not tonight"); err != nil {
			t.Fatal(err)
		}
		w.refuses(guard.CodeDisabled, run.Options{}, run.Run)
		same(t, "audit", []string{"guard arm begun", "guard arm armed", "guard arm disarmed", "run refused mode-disabled"}, w.audited())
		same(t, "runs", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("run")))
	})
}

// TestA01EnabledForAnotherWave: enabled for wave 7, insert wave 8: refused.
func TestA01EnabledForAnotherWave(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(3, "")
		w.arm(guard.Arming{PlanHash: "aaaa7"}, nil)
		w.refuses(guard.CodePlan, run.Options{PlanHash: "bbbb8"}, run.Run)
		w.refuses(guard.CodePlan, run.Options{}, run.Run)
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		w.run(run.Options{PlanHash: "aaaa7"})
		same(t, "people", []string{"3"}, w.query("SELECT count(*) FROM people"))
		// Another migration is another wave.
		w.arm(guard.Arming{}, nil)
		mapping := readFile(t, filepath.Join(w.dir, "landfall.yaml"))
		w.file("landfall.yaml", strings.Replace(mapping, "name: acme", "name: other", 1))
		w.refuses(guard.CodeMigration, run.Options{}, run.Run)
		gate := w.gate(nil)
		_, err := gate.Arm(context.Background(), w.db, guard.Arming{For: time.Hour, Reason: "mine", Typed: w.mode(nil).Phrase()})
		refusal(t, guard.CodeArmedForOther, err)
		same(t, "people", []string{"3"}, w.query("SELECT count(*) FROM people"))
	})
}

// TestA01DisabledWhenDone: wave 7 done, any mutating command: refused; the mode
// shows disabled, by the engine, and when.
func TestA01DisabledWhenDone(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(3, "")
		w.arm(guard.Arming{}, nil)
		w.run(run.Options{})
		mode := w.mode(nil)
		if mode.Open() || mode.DisarmedBy != "landfall" || mode.DisarmedAt == "" || mode.DisarmReason != "run acme-0001 completed" {
			t.Errorf("after the run: %+v", mode)
		}
		state := "SELECT id, name, legacy_id FROM people ORDER BY id"
		people, crosswalk := w.query(state), w.crosswalk()
		w.file("people.csv", "No,Name", "4,person 4")
		w.refuses(guard.CodeDisabled, run.Options{}, run.Run)
		w.refuses(guard.CodeDisabled, run.Options{}, run.Resume)
		w.refuses(guard.CodeDisabled, run.Options{RetryOpen: true}, run.Run)
		refusal(t, guard.CodeDisabled, w.undo(rollback.Options{Run: "acme-0001"}))
		same(t, "people", people, w.query(state))
		same(t, "crosswalk", crosswalk, w.crosswalk())
		same(t, "runs", []string{"acme-0001|completed"}, w.query("SELECT name, state FROM "+w.books("run")))
		same(t, "audit", []string{
			"guard arm begun", "guard arm armed", "run admitted", "run completed", "run disarmed",
			"run refused mode-disabled", "resume refused mode-disabled", "retry refused mode-disabled", "rollback refused mode-disabled",
		}, w.audited())
		// A rehearsal does all that a run does, so it needs an arming as well; whatever
		// that is for, since nothing lands.
		rehearsals := func(want int) {
			t.Helper()
			if code, _, errs := w.cli("run", "--only", "person:4", "--dry-run"); code != want {
				t.Errorf("a rehearsal: exit %d: %s", code, errs)
			}
			if code, _, errs := w.cli("rollback", "acme-0001", "--dry-run"); code != want {
				t.Errorf("a rehearsed rollback: exit %d: %s", code, errs)
			}
			same(t, "people", people, w.query(state))
		}
		rehearsals(5)
		w.arm(guard.Arming{PlanHash: "aaaa7"}, nil)
		rehearsals(0)
		refusal(t, guard.CodePlan, w.undo(rollback.Options{Run: "acme-0001"}))
		w.arm(guard.Arming{}, nil)
		if err := w.undo(rollback.Options{Run: "acme-0001"}); err != nil {
			t.Fatal(err)
		}
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		if mode := w.mode(nil); mode.Open() || mode.DisarmReason != "run acme-0002 completed" {
			t.Errorf("after the rollback: %+v", mode)
		}
	})
}

// TestA01ExpiryUnderWay: an insert that is running when the time runs out
// finishes its transactions, then stops, and can be resumed.
func TestA01ExpiryUnderWay(t *testing.T) {
	for _, lanes := range []int{1, 3} {
		eachTarget(t, func(t *testing.T, w *world) {
			w.production(20, "")
			clock := clockAt(t, "2026-11-27 22:00", "UTC")
			w.arm(guard.Arming{}, clock.now)
			landed := 0
			o := run.Options{Records: 2, Lanes: lanes, Clock: clock.now, Points: func(p run.Point) {
				if p == run.PointLanded { // inside the transaction
					clock.pass(25 * time.Minute)
				}
				if p == run.PointCommitted {
					landed++
				}
			}}
			if lanes > 1 {
				o.Points = passAtThird(clock, 2*time.Hour)
			}
			result, err := w.try(o, run.Run)
			refusal(t, guard.CodeExpired, err)
			if result.Run.State != ledger.Interrupted || lanes == 1 && landed != 3 {
				t.Errorf("%s after %d batches", result.Run.State, landed)
			}
			committed := w.query("SELECT count(*) * 2 FROM " + w.books("marker"))
			same(t, "people", committed, w.query("SELECT count(*) FROM people"))
			mode := w.mode(clock.now)
			if mode.Armed || mode.DisarmedBy != "landfall" {
				t.Errorf("after expiry: %+v", mode)
			}
			audit := w.audited()
			same(t, "audit", []string{"run parked mode-expired", "run expired"}, audit[len(audit)-2:])
			w.refuses(guard.CodeDisabled, run.Options{Clock: clock.now}, run.Resume)
			w.arm(guard.Arming{For: 9 * time.Hour}, clock.now)
			if _, err := w.try(run.Options{Clock: clock.now}, run.Resume); err != nil {
				t.Fatal(err)
			}
			same(t, "people", []string{"20|20"}, w.query("SELECT count(*), count(DISTINCT legacy_id) FROM people"))
		})
	}
}

// TestA01FailureDisables: a run that breaks closes the target behind it; one
// that a person stops does not.
func TestA01FailureDisables(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(10, "")
		w.unwatched = true // a table that is gone cannot be measured
		w.arm(guard.Arming{}, nil)
		stop := make(chan struct{})
		closed := false
		result, err := w.try(run.Options{Records: 2, Lanes: 1, Stop: stop, Points: func(p run.Point) {
			if p == run.PointCommitted && !closed {
				closed = true
				close(stop)
			}
		}}, run.Run)
		if err != nil || !result.Stopped {
			t.Fatalf("stopped: %v", err)
		}
		if !w.mode(nil).Open() {
			t.Error("a run that was stopped has closed the target")
		}
		broken := false
		_, err = w.try(run.Options{Points: func(p run.Point) {
			if p == run.PointCommitted && !broken {
				broken = true
				w.do("ALTER TABLE people RENAME TO gone")
			}
		}}, run.Resume)
		if err == nil {
			t.Fatal("the run did not break")
		}
		if mode := w.mode(nil); mode.Open() || mode.DisarmedBy != "landfall" || mode.DisarmReason != "run acme-0001 broke" {
			t.Errorf("after the break: %+v", mode)
		}
		audit := w.audited()
		same(t, "audit", []string{"run interrupted", "resume admitted", "resume broke", "resume disarmed"}, audit[len(audit)-4:])
		w.do("ALTER TABLE gone RENAME TO people")
		w.arm(guard.Arming{}, nil)
		if _, err := w.try(run.Options{}, run.Resume); err != nil {
			t.Fatal(err)
		}
		same(t, "people", []string{"10"}, w.query("SELECT count(*) FROM people"))
	})
}

// TestA01DisarmWaits: when disarming returns, what was let in has written its
// last.
func TestA01DisarmWaits(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(10, "")
		w.arm(guard.Arming{}, nil)
		beside := open(t, w.url)
		disarmed := make(chan error, 1)
		begun := false
		_, err := w.try(run.Options{Records: 2, Lanes: 1, Points: func(p run.Point) {
			if p == run.PointCommitted {
				time.Sleep(200 * time.Millisecond) // SQLite lets a second writer in when it asks again
			}
			if p != run.PointLanded || begun {
				return
			}
			begun = true
			go func() {
				_, err := w.gate(nil).Disarm(context.Background(), beside, "sales needs it")
				disarmed <- err
			}()
			select {
			case err := <-disarmed:
				t.Errorf("disarmed while a transaction was open: %v", err)
			case <-time.After(300 * time.Millisecond):
			}
		}}, run.Run)
		if err := <-disarmed; err != nil {
			t.Fatal(err)
		}
		refusal(t, guard.CodeDisabled, err)
		w.arm(guard.Arming{}, nil)
		if _, err := w.try(run.Options{}, run.Resume); err != nil {
			t.Fatal(err)
		}
		same(t, "people", []string{"10"}, w.query("SELECT count(*) FROM people"))
	})
}

// passAtThird puts the clock on in the third batch that lands.
func passAtThird(clock *clock, d time.Duration) func(run.Point) {
	landed := make(chan struct{}, 2)
	return func(p run.Point) {
		if p != run.PointLanded {
			return
		}
		select {
		case landed <- struct{}{}:
		default:
			clock.pass(d)
		}
	}
}
