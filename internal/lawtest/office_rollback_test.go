package lawtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/rollback"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// TestRollbackByCalls: what a run made of an API's records is taken back, so that
// the API holds what it held before; a second rollback calls for nothing.
func TestRollbackByCalls(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.staff()
	office.Put("branch", map[string]any{"code": "B2", "name": "there before", "note": "n"})
	before := everything(office)
	first := w.run(run.Options{Records: 2})
	same(t, "ends", []string{
		"branch:1 created", "branch:2 updated", "branch:3 created", "person:1 created", "person:2 created", "person:3 created",
	}, first.sorted())
	office.Sent()

	back := w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "ends of the rollback", []string{
		"branch:1 reversed", "branch:2 reversed", "branch:3 reversed", "person:1 reversed", "person:2 reversed", "person:3 reversed",
	}, back.sorted())
	same(t, "what the office keeps", before, everything(office))
	same(t, "calls", 6, len(office.Sent()))
	same(t, "states", []string{"acme-0001|rolled-back", "acme-0002|completed"}, w.states())
	same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))

	again := w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "a second rollback", 0, len(again.ends))
	same(t, "calls of a second rollback", 0, len(office.Sent()))
}

// TestRollbackByCallsKeepsWhatPeopleChanged: records that people have changed, or
// that such records refer to, stay, and those that are gone are told as gone.
func TestRollbackByCallsKeepsWhatPeopleChanged(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.staff()
	office.Put("branch", map[string]any{"code": "B2", "name": "there before", "note": "n"})
	w.run(run.Options{Records: 2})
	office.Edit("person", "a@x.org", "name", "Ada L.")
	office.Edit("branch", "B2", "note", "new") // which the mapping does not write
	office.Drop("person", "b@x.org")
	edited := everything(office)
	office.Sent()

	rehearsed, err := w.tryRollback(rollback.Options{Run: "acme-0001"}, func(ctx context.Context, end *migration.TargetEnd, o rollback.Options) (*rollback.Result, error) {
		return rollback.Rehearse(ctx, end, o, func(context.Context, sqldb.Tx, *ledger.Ledger, *ledger.Run) error { return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "calls of a rehearsal", 0, len(office.Sent()))
	same(t, "what the office keeps after it", edited, everything(office))

	back := w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "ends", []string{
		"branch:1 kept: referenced in id", "branch:2 reversed", "branch:3 reversed",
		"person:1 kept: edited", "person:2 reversed", "person:3 reversed",
	}, back.sorted())
	same(t, "rehearsed", back.counts["branch"][record.Kept]+back.counts["person"][record.Kept], rehearsed.Counts[record.Kept])
	same(t, "branches", []string{"code=B2 name=there before note=new", "code=B1 name=One"}, withoutIDs(office.All("branch")))
	same(t, "persons", 1, len(office.All("person")))
	same(t, "what is told of one that was gone", rollback.GoneAlready, back.toldOf("person:2").Message)
	same(t, "states", []string{"acme-0001|partly-rolled-back", "acme-0002|completed"}, w.states())

	// What stood in the way is gone.
	office.Edit("person", "a@x.org", "name", "Ada")
	back = w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "ends", []string{"branch:1 reversed", "person:1 reversed"}, back.sorted())
	same(t, "persons", []string{}, office.All("person"))
}

// TestRollbackByCallsOfLostAnswers: answers that are lost make no record of the
// rollback end otherwise than it would have.
func TestRollbackByCallsOfLostAnswers(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.staff()
	office.Put("branch", map[string]any{"code": "B2", "name": "there before"})
	before := everything(office)
	w.run(run.Options{})
	office.Sent()
	office.Lose = func(n int) (before, after bool) { return n%4 == 1, n%4 == 3 }
	back := w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "ends", []string{
		"branch:1 reversed", "branch:2 reversed", "branch:3 reversed", "person:1 reversed", "person:2 reversed", "person:3 reversed",
	}, back.sorted())
	same(t, "what the office keeps", before, everything(office))
	same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))
}

// TestRollbackByCallsGoesOn: a rollback that is broken off, at whatever point and
// with calls under way, ends as an unbroken one when it is done again.
func TestRollbackByCallsGoesOn(t *testing.T) {
	t.Parallel()
	for nth, point := range []run.Point{rollback.PointJudged, rollback.PointUndone, rollback.PointIntended, run.PointLedger, run.PointCommitted} {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			w, office := officeWorld(t)
			w.staff()
			office.Put("branch", map[string]any{"code": "B2", "name": "there before"})
			before := everything(office)
			w.run(run.Options{Records: 1})
			w.killedAt(point, nth+1, "rollback", "acme-0001", "--runs", filepath.Join(w.dir, "runs"))
			back := w.rollback(rollback.Options{Run: "acme-0001"})
			same(t, string(point), []string{
				"branch:1 reversed", "branch:2 reversed", "branch:3 reversed", "person:1 reversed", "person:2 reversed", "person:3 reversed",
			}, back.sorted())
			for _, ref := range []string{"branch:1", "person:1", "person:2"} {
				if entry := back.toldOf(ref); entry != nil && entry.Message != "" {
					t.Errorf("%q is told of %s", entry.Message, ref)
				}
			}
			same(t, "what the office keeps", before, everything(office))
			same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))
		})
	}
}

// TestRollbackByCallsKilled: a process that is killed while its calls are under way
// leaves nothing undone twice, and nothing unknown, to the one that goes on.
func TestRollbackByCallsKilled(t *testing.T) {
	t.Parallel()
	for _, nth := range []int{0, 2, 5} {
		w, office := officeWorld(t)
		w.staff()
		office.Put("branch", map[string]any{"code": "B2", "name": "there before"})
		before := everything(office)
		w.run(run.Options{})
		office.Sent()
		cmd := exec.Command(os.Args[0], "rollback", "acme-0001", "--runs", filepath.Join(w.dir, "runs"), "-f", filepath.Join(w.dir, "landfall.yaml"))
		cmd.Env = append(os.Environ(), killVariable+"=nowhere 1")
		office.Called = func(n int) {
			if n == nth+1 {
				_ = cmd.Process.Kill() // what it called for is carried out all the same
			}
		}
		if out, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.Exited() {
			t.Fatalf("call %d: it was not killed: %v\n%s", nth+1, err, out)
		}
		office.Called = nil
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends", []string{
			"branch:1 reversed", "branch:2 reversed", "branch:3 reversed", "person:1 reversed", "person:2 reversed", "person:3 reversed",
		}, back.sorted())
		for _, ref := range []string{"branch:1", "branch:3", "person:1", "person:2", "person:3"} {
			if told := back.toldOf(ref); told != nil && told.Message != "" {
				t.Errorf("call %d: %q is told of %s", nth+1, told.Message, ref)
			}
		}
		same(t, "what the office keeps", before, everything(office))
	}
}

// toldOf is what is told of a record beside its end; nil where that is nothing.
func (o *outcome) toldOf(ref string) *ledger.Told {
	for _, told := range o.told {
		if told.Entity+":"+told.Key == ref {
			return told
		}
	}
	return nil
}
