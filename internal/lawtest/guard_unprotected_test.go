package lawtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/run"
)

// unprotected takes environment: production out of the world's mapping.
func (w *world) unprotected() {
	w.t.Helper()
	text := readFile(w.t, filepath.Join(w.dir, "landfall.yaml"))
	w.file("landfall.yaml", strings.Replace(text, ", "+w.protects, "", 1))
	w.protects = ""
}

// armsAnyway arms the world's target through a connection that says that it is
// production, whatever the mapping says.
func (w *world) armsAnyway() error {
	db := open(w.t, w.url)
	defer db.Close(context.Background())
	gate := guard.NewGate(w.ledger().Books(), guard.Rules{Connection: "live", Protected: true}, guard.Asking{Actor: "ann", Host: "desk", Command: "guard arm", Migration: "other"})
	mode, err := gate.Look(context.Background(), db)
	if err != nil {
		return err
	}
	_, err = gate.Arm(context.Background(), db, guard.Arming{For: time.Hour, Reason: "x", Typed: mode.Phrase()})
	return err
}

// TestGuardReleasesCopies: a copy of a production target is closed to
// connections that do not call it production, until somebody types what it is.
func TestGuardReleasesCopies(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(2, "")
		original := w.arm(guard.Arming{For: 24 * time.Hour}, nil)
		copied := w.copied(t)
		w.unprotected()
		_, err := w.gate(nil).Release(context.Background(), w.db, original.Phrase(), "not production, they say")
		if refused := refusal(t, guard.CodeProduction, err); !strings.Contains(refused.Text, "disarm it first") {
			t.Error(refused.Text)
		}
		copied.unprotected()
		refused := copied.refuses(guard.CodeProduction, run.Options{}, run.Run)
		if !strings.Contains(refused.Text, original.Phrase()) || !strings.Contains(refused.Text, "guard release --target goal") {
			t.Error(refused.Text)
		}
		same(t, "people", []string{"0"}, copied.query("SELECT count(*) FROM people"))
		release := func(typed string) error {
			_, err := copied.gate(nil).Release(context.Background(), copied.db, typed, "restored for a rehearsal")
			return err
		}
		refusal(t, guard.CodeIdentity, release(original.Phrase()))
		refusal(t, guard.CodeIdentity, release(""))
		copied.refuses(guard.CodeProduction, run.Options{}, run.Run)
		if err := release(copied.mode(nil).Phrase()); err != nil {
			t.Fatal(err)
		}
		copied.run(run.Options{})
		same(t, "people", []string{"2"}, copied.query("SELECT count(*) FROM people"))
		audit := copied.audited()
		same(t, "audit", []string{
			"run refused production", "guard arm refused identity", "guard arm refused identity", "run refused production", "guard arm released",
		}, audit[2:])
		if code, out, errs := w.cli("guard", "status"); code != 0 || !strings.Contains(out, "not written to: it is a production target, and the connection does not say") {
			t.Errorf("status: exit %d: %s%s", code, out, errs)
		}
		if code, _, errs := copied.cli("guard", "release", "--reason", "again"); code != 0 {
			t.Errorf("released twice: exit %d: %s", code, errs)
		}
		// It may become a production target again, with an identity of its own.
		if err := copied.armsAnyway(); err != nil {
			t.Fatal(err)
		}
		if mode := copied.mode(nil); mode.Identity == "" || mode.Identity == original.Identity {
			t.Errorf("armed: %+v", mode)
		}
		copied.refuses(guard.CodeProduction, run.Options{}, run.Run)
		// Nobody takes an identity out by hand unseen.
		copied.do("UPDATE " + copied.books("guard") + " SET identity = '', state = 'disarmed'")
		if code, out, _ := copied.cli("guard", "status", "--verify"); code != 6 || !strings.Contains(out, "the target carries no identity, and the audit's last word on it is entry") {
			t.Errorf("taken out by hand: exit %d: %s", code, out)
		}
	})
}

// TestGuardKnowsOtherNames: another path to the file of a production target is
// no way around.
func TestGuardKnowsOtherNames(t *testing.T) {
	t.Parallel()
	w := sqliteWorld(t)
	w.production(2, "")
	w.arm(guard.Arming{}, nil)
	if _, err := w.gate(nil).Disarm(context.Background(), w.db, ""); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(w.dir, "other.db")
	if err := os.Link(strings.TrimPrefix(w.url, "sqlite:"), other); err != nil {
		t.Fatal(err)
	}
	w.unprotected()
	w.file("landfall.yaml", strings.Replace(readFile(t, filepath.Join(w.dir, "landfall.yaml")), w.url, "sqlite:"+other, 1))
	w.refuses(guard.CodeProduction, run.Options{}, run.Run)
	same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
}

// TestGuardArmsNothingUnderWay: a target does not become production while a run
// goes on that was let in when it was none.
func TestGuardArmsNothingUnderWay(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(6, "")
		w.unprotected()
		tried := false
		if _, err := w.try(run.Options{Records: 2, Lanes: 1, Points: func(p run.Point) {
			if p == run.PointCommitted && !tried {
				tried = true
				refusal(t, guard.CodeUnderWay, w.armsAnyway())
			}
		}}, run.Run); err != nil || !tried {
			t.Fatal(tried, err)
		}
		same(t, "people", []string{"6"}, w.query("SELECT count(*) FROM people"))
		if err := w.armsAnyway(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestGuardFencesWhoWasCutOff: a run whose lease had run out when the target
// became production writes nothing any more.
func TestGuardFencesWhoWasCutOff(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(6, "")
		w.unprotected()
		w.unwatched = true
		armed := false
		_, err := w.try(run.Options{Records: 2, Lanes: 1, Points: func(p run.Point) {
			if p == run.PointCommitted && !armed {
				armed = true
				w.do("UPDATE " + w.books("lease") + " SET expires_at = '2020-01-01T00:00:00.000Z'")
				if err := w.armsAnyway(); err != nil {
					t.Error(err)
				}
			}
		}}, run.Run)
		if !errors.Is(err, books.ErrLeaseLost) {
			t.Errorf("it went on: %v", err)
		}
		same(t, "people", []string{"2"}, w.query("SELECT count(*) FROM people"))
	})
}

// TestGuardSeesWhoArmsMeanwhile: a target that becomes production after a run
// has asked and before it starts lets it in no more.
func TestGuardSeesWhoArmsMeanwhile(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(3, "")
		w.unprotected()
		armed := false
		w.refuses(guard.CodeProduction, run.Options{Observe: func(e run.Event) {
			if e.Kind == run.EventLooking && !armed {
				armed = true
				if err := w.armsAnyway(); err != nil {
					t.Error(err)
				}
			}
		}}, run.Run)
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		audit := w.audited()
		same(t, "audit", "run refused production", audit[len(audit)-1])
	})
}

// TestGuardOtherAddress: arming at another address ends nobody's arming.
func TestGuardOtherAddress(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(1, "")
		w.arm(guard.Arming{}, nil)
		w.do("UPDATE " + w.books("guard") + " SET place = '{\"host\":\"db.example.org\",\"port\":\"5432\",\"database\":\"crm\"}'")
		refusal(t, guard.CodeArmedForOther, w.armsAnyway())
		if _, err := w.gate(nil).Disarm(context.Background(), w.db, "it is a copy"); err != nil {
			t.Fatal(err)
		}
		if err := w.armsAnyway(); err != nil {
			t.Fatal(err)
		}
	})
}
