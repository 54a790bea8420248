package lawtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/record"
	"landfall/internal/rollback"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// TestGuardWrongIdentity: what was not typed as it is does not open.
func TestGuardWrongIdentity(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(1, "")
		gate := w.gate(nil)
		try := func(typed string) error {
			_, err := gate.Arm(context.Background(), w.db, guard.Arming{For: time.Hour, Reason: "x", Typed: typed})
			return err
		}
		before := w.mode(nil).Phrase()
		for _, typed := range []string{"", "goal", strings.ToUpper(before), before + "#", before[1:]} {
			refusal(t, guard.CodeIdentity, try(typed))
		}
		if present, err := books.Present(context.Background(), w.db); err != nil || present != 0 {
			t.Errorf("a wrong identity made the books: version %d, %v", present, err)
		}
		if err := try(" " + before + "\n"); err != nil {
			t.Fatal(err)
		}
		after := w.mode(nil).Phrase()
		if id, found := strings.CutPrefix(after, before+"#"); !found || len(id) != 8 {
			t.Errorf("the identity was %s and is %s", before, after)
		}
		// From now on the place alone is not enough.
		refusal(t, guard.CodeIdentity, try(before))
		if err := try(after); err != nil {
			t.Fatal(err)
		}
	})
}

// TestGuardClone: a copy carries an identity and a mode that are not its own. It
// is closed, says so, and gets its own identity when it is armed.
func TestGuardClone(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(3, "")
		original := w.arm(guard.Arming{For: 24 * time.Hour}, nil)
		copied := w.copied(t)
		refused := copied.refuses(guard.CodeClone, run.Options{}, run.Run)
		if !strings.Contains(refused.Text, original.Phrase()) {
			t.Error("it does not say whose identity it carries:", refused.Text)
		}
		same(t, "people", []string{"0"}, copied.query("SELECT count(*) FROM people"))
		mode := copied.mode(nil)
		if !mode.Clone() || mode.Open() || mode.Phrase() == original.Phrase() {
			t.Errorf("the copy: %+v", mode)
		}
		// The original's identity does not open the copy.
		_, err := copied.gate(nil).Arm(context.Background(), copied.db, guard.Arming{For: time.Hour, Reason: "x", Typed: original.Phrase()})
		refusal(t, guard.CodeIdentity, err)
		mode = copied.arm(guard.Arming{}, nil)
		if mode.Clone() || mode.Identity == original.Identity {
			t.Errorf("armed, the copy: %+v", mode)
		}
		copied.run(run.Options{})
		same(t, "people", []string{"3"}, copied.query("SELECT count(*) FROM people"))
		audit := copied.audited()
		same(t, "audit", []string{"run refused clone", "guard arm refused identity", "guard arm clone", "guard arm armed", "run admitted"}, audit[2:7])
		// The original is what it was.
		if mode := w.mode(nil); !mode.Open() || mode.Identity != original.Identity {
			t.Errorf("the original: %+v", mode)
		}
	})
}

// copied is a world whose target is a copy of this one's, as a restored backup is.
func (w *world) copied(t *testing.T) *world {
	t.Helper()
	other := w.beside(t)
	if file, found := strings.CutPrefix(w.url, "sqlite:"); found {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		other.db.Close(context.Background())
		if err := os.WriteFile(strings.TrimPrefix(other.url, "sqlite:"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		other.db = open(t, other.url)
	} else {
		ctx := context.Background()
		admin, err := pgx.Connect(ctx, other.url)
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close(ctx)
		template, err := pgx.ParseConfig(w.url)
		if err != nil {
			t.Fatal(err)
		}
		name := template.Database + "_copy"
		w.db.Close(ctx) // a database that is copied must be alone
		if _, err := admin.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", pgx.Identifier{name}.Sanitize(), pgx.Identifier{template.Database}.Sanitize())); err != nil {
			t.Fatal(err)
		}
		w.db = open(t, w.url)
		address := strings.Replace(w.url, template.Database, name, 1)
		t.Cleanup(func() {
			if admin, err := pgx.Connect(ctx, w.url); err == nil {
				_, _ = admin.Exec(ctx, "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
				admin.Close(ctx)
			}
		})
		other.url, other.db = address, open(t, address)
	}
	other.protects = w.protects
	other.file("people.csv", strings.Split(strings.TrimSpace(readFile(t, filepath.Join(w.dir, "people.csv"))), "\n")...)
	_, entities, _ := strings.Cut(readFile(t, filepath.Join(w.dir, "landfall.yaml")), "entities:\n")
	other.mapping(entities)
	return other
}

// TestA01Backup: a target that demands a backup stays closed without one that is
// young enough.
func TestA01Backup(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(2, `{backup: {query: "SELECT max(finished) FROM ops_backups", no_older_than: 24h}}`)
		clock := clockAt(t, "2026-11-27 22:00", "UTC")
		w.do("CREATE TABLE ops_backups (finished text)")
		w.arm(guard.Arming{}, clock.now)
		for finished, told := range map[string]string{
			"":                          "finds no backup",
			"2026-11-26T21:59:00Z":      "the last one is of 2026-11-26T21:59:00Z",
			"2026-11-27T21:00:00":       "expected a time with its zone",
			"yesterday":                 "expected a time with its zone",
			"2026-11-28T06:00:00Z":      "which is yet to come",
			"2026-11-27T03:00:00+06:00": "the last one is of 2026-11-26T21:00:00Z",
		} {
			w.do("DELETE FROM ops_backups")
			if finished != "" {
				w.do("INSERT INTO ops_backups VALUES ('" + finished + "')")
			}
			if refused := w.refuses(guard.CodeBackup, run.Options{Clock: clock.now}, run.Run); !strings.Contains(refused.Text, told) {
				t.Errorf("%q: %s", finished, refused.Text)
			}
		}
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		w.do("DELETE FROM ops_backups", "INSERT INTO ops_backups VALUES ('2026-11-26T22:00:00Z')")
		if _, err := w.try(run.Options{Clock: clock.now}, run.Run); err != nil {
			t.Fatal(err)
		}
		same(t, "people", []string{"2"}, w.query("SELECT count(*) FROM people"))
	})
	t.Run("command", func(t *testing.T) {
		w := sqliteWorld(t)
		w.production(1, `{backup: {command: [cat, last-backup], no_older_than: 7d}}`)
		clock := clockAt(t, "2026-11-27 22:00", "UTC")
		w.arm(guard.Arming{}, clock.now)
		if refused := w.refuses(guard.CodeBackup, run.Options{Clock: clock.now}, run.Run); !strings.Contains(refused.Text, "its time is not known: cat:") {
			t.Error(refused.Text)
		}
		w.file("last-backup", "2026-11-20 21:59:00+00")
		w.refuses(guard.CodeBackup, run.Options{Clock: clock.now}, run.Run)
		w.file("last-backup", "2026-11-20 22:00:01+00")
		if _, err := w.try(run.Options{Clock: clock.now}, run.Run); err != nil {
			t.Fatal(err)
		}
	})
}

// TestA19ApprovalByAnother: a plan's author does not approve it.
func TestA19ApprovalByAnother(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(2, "{approval: other}")
		w.arm(guard.Arming{}, nil)
		by := func(name, hash string) guard.Approval { return guard.Approval{PlanHash: hash, By: name} }
		for told, o := range map[string]run.Options{
			"held to none":                  {},
			"does not say who that is":      {PlanHash: "aa", Approvals: []guard.Approval{by("bob", "aa")}},
			"nobody has approved":           {PlanHash: "aa", PlanAuthor: "ann@desk"},
			"nobody has approved the plan":  {PlanHash: "aa", PlanAuthor: "ann@desk", Approvals: []guard.Approval{by("bob", "bb"), by(" ", "aa")}},
			"by its author alone":           {PlanHash: "aa", PlanAuthor: "ann@desk", Approvals: []guard.Approval{by("Ann", "aa")}},
			"by name or by login":           {PlanHash: "aa", PlanAuthor: "ann@desk", Approvals: []guard.Approval{{PlanHash: "aa", By: "Bob", Actor: "ann@desk"}}},
			"was approved by its author al": {PlanHash: "aa", PlanAuthor: "ann", Approvals: []guard.Approval{by("ann@elsewhere", "aa"), by("bob", "bb")}},
		} {
			if refused := w.refuses(guard.CodeApproval, o, run.Run); !strings.Contains(refused.Text, told) {
				t.Errorf("want %q: %s", told, refused.Text)
			}
		}
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		w.run(run.Options{PlanHash: "aa", PlanAuthor: "ann@desk", Approvals: []guard.Approval{by("ann", "aa"), {PlanHash: "aa", By: "bob", Actor: "bob@desk"}}})
		same(t, "people", []string{"2"}, w.query("SELECT count(*) FROM people"))
		// A retry is a run. Undoing one is not planned, and must be possible.
		w.arm(guard.Arming{}, nil)
		w.refuses(guard.CodeApproval, run.Options{RetryOpen: true}, run.Run)
		if err := w.undo(rollback.Options{Run: "acme-0001"}); err != nil {
			t.Fatal(err)
		}
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
	})
}

// TestA19TamperedAudit: whatever is changed in the audit, the entry is named.
func TestA19TamperedAudit(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(1, "")
		w.refuses(guard.CodeDisabled, run.Options{}, run.Run)
		w.arm(guard.Arming{PlanHash: "aa"}, nil)
		w.run(run.Options{PlanHash: "aa"})
		w.refuses(guard.CodeDisabled, run.Options{}, run.Run)
		var kept, head []byte
		verify := func() []string {
			var chain *guard.Chain
			w.look(func(tx sqldb.Tx) (err error) {
				chain, err = guard.VerifyAudit(context.Background(), tx, w.ledger().Books(), kept)
				return err
			})
			head = chain.Head
			return chain.Flaws
		}
		if flaws := verify(); len(flaws) > 0 {
			t.Fatal(flaws)
		}
		kept = head
		layout := books.LayoutOf("audit")
		var rows [][]record.Value
		w.look(func(tx sqldb.Tx) error {
			return w.ledger().Books().Query(context.Background(), tx, func(row []record.Value) error {
				rows = append(rows, append([]record.Value(nil), row...))
				return nil
			}, "SELECT "+strings.Join(layout.Columns, ", ")+" FROM {audit} ORDER BY seq")
		})
		if len(rows) != 6 {
			t.Fatalf("%d entries", len(rows))
		}
		tampered := 0
		for n, row := range rows {
			for i, column := range layout.Columns {
				if column == "seq" || row[i].IsNull() {
					continue
				}
				back := w.ledger().Books().SQL(fmt.Sprintf("UPDATE {audit} SET %s = ? WHERE seq = %d", column, n))
				w.exec(back, flipped(row[i], 0))
				if flaws := verify(); len(flaws) == 0 || !strings.HasPrefix(flaws[0], fmt.Sprintf("entry %d (", n)) {
					t.Errorf("%s of entry %d was changed: %v", column, n, flaws)
				}
				w.exec(back, row[i])
				tampered++
			}
		}
		if flaws := verify(); len(flaws) > 0 || tampered < 40 {
			t.Errorf("after %d changes and back: %v", tampered, flaws)
		}
		// Whoever arms by hand has nobody's word for it.
		w.do("UPDATE " + w.books("guard") + " SET state = 'armed'")
		if flaws := verify(); len(flaws) != 1 || !strings.Contains(flaws[0], "the target is armed, and the audit's last word on it is entry 4 (disarmed)") {
			t.Errorf("armed by hand: %v", flaws)
		}
		w.do("UPDATE " + w.books("guard") + " SET state = 'disarmed'")
		w.arm(guard.Arming{}, nil)
		w.do("UPDATE " + w.books("guard") + " SET expires_at = '2099-01-01T00:00:00.000Z'")
		if flaws := verify(); len(flaws) != 1 || !strings.Contains(flaws[0], "armed until 2099-01-01T00:00:00.000Z, and the audit's last word on it is entry 6 (armed)") {
			t.Errorf("prolonged by hand: %v", flaws)
		}
		w.do("DELETE FROM "+w.books("audit")+" WHERE seq > 4", "UPDATE "+w.books("guard")+" SET state = 'disarmed'")
		if flaws := verify(); len(flaws) != 1 || !strings.Contains(flaws[0], "entries were taken away") {
			t.Errorf("the end is gone: %v", flaws)
		}
		w.do("DELETE FROM " + w.books("audit") + " WHERE seq = 3")
		if flaws := verify(); len(flaws) == 0 || !strings.Contains(flaws[0], "entry 3 is missing") {
			t.Errorf("an entry is gone: %v", flaws)
		}
	})
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	tx, err := w.db.Begin(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(context.Background(), statement, args...); err != nil {
		w.t.Fatal(err)
	}
	if err := tx.Commit(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// TestGuardKnowsProduction: a connection that does not call a production
// database by its name is no way around the guard.
func TestGuardKnowsProduction(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(2, "")
		w.arm(guard.Arming{For: 24 * time.Hour}, nil)
		w.unprotected()
		refused := w.refuses(guard.CodeProduction, run.Options{}, run.Run)
		if !strings.Contains(refused.Text, "give it `environment: production`") {
			t.Error(refused.Text)
		}
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		audit := w.audited()
		same(t, "audit", "run refused production", audit[len(audit)-1])
	})
}

// TestGuardAbandon: giving a run up needs no arming, and is noted.
func TestGuardAbandon(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(6, "")
		w.arm(guard.Arming{}, nil)
		stop, stopped := make(chan struct{}), false
		if _, err := w.try(run.Options{Records: 2, Lanes: 1, Stop: stop, Points: func(p run.Point) {
			if p == run.PointCommitted && !stopped {
				stopped = true
				close(stop)
			}
		}}, run.Run); err != nil {
			t.Fatal(err)
		}
		if _, err := w.gate(nil).Disarm(context.Background(), w.db, ""); err != nil {
			t.Fatal(err)
		}
		people := w.query("SELECT * FROM people ORDER BY id")
		if code, _, errs := w.cli("abandon", "acme-0001"); code != 0 {
			t.Fatalf("exit %d: %s", code, errs)
		}
		same(t, "people", people, w.query("SELECT * FROM people ORDER BY id"))
		audit := w.audited()
		same(t, "audit", "abandon abandoned", audit[len(audit)-1])
	})
}
