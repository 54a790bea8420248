package lawtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/rollback"
	"landfall/internal/run"
)

// privately is a mapping of persons whose names are private; it refers to nothing.
const privately = `  person:
    from: {file: people.csv, key: ID}
    to: {table: person, key: {column: id, new: identity}%s}
    fields:
      name: {from: Name, private: true}
      email: Email
      phone: Phone
`

// cutOff runs, and has the office lose calls and then let nobody in, so that the
// run breaks off without knowing what became of them.
func (w *world) cutOff(office interface{ Shut(bool) }, lose func()) {
	w.t.Helper()
	lose()
	if _, err := w.try(run.Options{Lanes: 1}, run.Run); err == nil {
		w.t.Fatal("the run did not break off")
	}
	office.Shut(false)
	if err := run.Abandon(w.t.Context(), w.db, "acme", w.query("SELECT name FROM " + w.books("run") + " ORDER BY id DESC LIMIT 1")[0]); err != nil {
		w.t.Fatal(err)
	}
}

// TestCallsInDoubtAreNotOthers: a record that agrees with what the books keep of a
// lost call, but not with its private columns, is somebody else's: it is not taken
// for ours, and ours is told as refused.
func TestCallsInDoubtAreNotOthers(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.unplannable = "its calls are lost"
	w.officeMapping(fmt.Sprintf(privately, ""), "")
	w.file("people.csv", "ID,Name,Email,Phone", "3,Cleo,c@x.org,33")
	w.cutOff(office, func() {
		office.Lose = func(int) (bool, bool) { office.Closed = true; return true, false }
	})
	office.Lose = nil
	office.Put("person", map[string]any{"email": "c@x.org", "name": "Somebody Else", "phone": "33"})
	out := w.run(run.Options{})
	same(t, "ends", []string{"person:3 failed: unique in email"}, out.sorted())
	same(t, "crosswalk", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("crosswalk")))
	same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))
}

// TestCallsInDoubtAreSettledInFull: a record that was created by a lost call is
// found to be ours when all of it is known again, also where it matches itself.
func TestCallsInDoubtAreSettledInFull(t *testing.T) {
	t.Parallel()
	for _, match := range []string{"", ", match: [email]"} {
		w, office := officeWorld(t)
		w.unplannable = "its calls are lost"
		w.officeMapping(fmt.Sprintf(privately, match), "")
		w.file("people.csv", "ID,Name,Email,Phone", "3,Cleo,c@x.org,")
		w.cutOff(office, func() {
			office.Lose = func(int) (bool, bool) { office.Closed = true; return false, true }
		})
		office.Lose = nil
		out := w.run(run.Options{})
		same(t, "ends", []string{"person:3 created"}, out.sorted())
		same(t, "persons", 1, len(office.All("person")))
		same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))
	}
}

// TestCallsInDoubtChange: a change of private columns alone whose call never
// arrived is sent again, and one that arrived is not; a source that has changed
// again since is brought as it is now.
func TestCallsInDoubtChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		before, after   bool
		now, end, there string
		calls           int
	}{
		{"never arrived", true, false, "Cleopatra", "updated", "Cleopatra", 1},
		{"arrived", false, true, "Cleopatra", "updated", "Cleopatra", 0},
		{"never arrived, and changed", true, false, "Cle", "updated", "Cle", 1},
		{"arrived, and changed", false, true, "Cle", "updated", "Cle", 1},
		{"arrived, and taken back", false, true, "Cleo", "updated", "Cleo", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, office := officeWorld(t)
			w.unplannable = "its calls are lost"
			w.officeMapping(fmt.Sprintf(privately, ""), "")
			w.file("people.csv", "ID,Name,Email,Phone", "3,Cleo,c@x.org,")
			w.run(run.Options{})
			w.file("people.csv", "ID,Name,Email,Phone", "3,Cleopatra,c@x.org,")
			w.cutOff(office, func() {
				office.Lose = func(int) (bool, bool) { office.Closed = true; return c.before, c.after }
			})
			office.Lose = nil
			office.Sent()
			w.file("people.csv", "ID,Name,Email,Phone", "3,"+c.now+",c@x.org,")
			same(t, "ends", []string{"person:3 " + c.end}, w.run(run.Options{}).sorted())
			same(t, "calls", c.calls, len(office.Sent()))
			same(t, "persons", []string{"email=c@x.org name=" + c.there}, withoutIDs(office.All("person")))
			same(t, "ends of a further run", []string{"person:3 unchanged"}, w.run(run.Options{}).sorted())
			same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))
		})
	}
}

// TestCallsInDoubtOutliveRejections: a record of which it is not known what became
// of it keeps that in the books when a run rejects it for something else, and is
// not there twice afterwards.
func TestCallsInDoubtOutliveRejections(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.unplannable = "its calls are lost"
	w.staff()
	w.file("people.csv", "ID,Branch,Name,Email,Phone", "3,3,Cleo,,33")
	office.Lose = func(n int) (bool, bool) { return false, n > 3 }
	same(t, "counts", ledger.Counts{record.Unknown: 1}, w.run(run.Options{}).counts["person"])
	office.Lose = nil
	w.file("people.csv", "ID,Branch,Name,Email,Phone", "3,99,Cleo,,33")
	same(t, "ends without its branch", []string{"person:3 failed: missing-parent in branch_id"}, w.run(run.Options{}).sorted()[3:])
	w.file("people.csv", "ID,Branch,Name,Email,Phone", "3,3,Cleo,,33")
	same(t, "counts as it was", ledger.Counts{record.Unknown: 1}, w.run(run.Options{}).counts["person"])
	same(t, "persons", 1, len(office.All("person")))
}

// TestRollbackByCallsTellsWhatIsInDoubt: a rollback does not pass over records of
// which it is not known what became of them, nor over what these refer to.
func TestRollbackByCallsTellsWhatIsInDoubt(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.unplannable = "its calls are lost"
	w.staff()
	w.file("people.csv", "ID,Branch,Name,Email,Phone", "1,1,Ada,,11", "3,3,Cleo,,33")
	office.Lose = func(n int) (bool, bool) { return false, n > 3 }
	same(t, "counts", ledger.Counts{record.Unknown: 2}, w.run(run.Options{}).counts["person"])
	office.Lose = nil
	back := w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "ends", []string{
		"branch:1 kept: referenced in id", "branch:2 reversed", "branch:3 kept: referenced in id",
		"person:1 blocked: no-answer", "person:3 blocked: no-answer",
	}, back.sorted())
	if said := back.toldOf("person:1").Message; !strings.Contains(said, "landfall retry") {
		t.Errorf("nothing says what to do: %s", said)
	}
	same(t, "persons", 2, len(office.All("person")))
	same(t, "branches", 2, len(office.All("branch")))
	same(t, "states", []string{"acme-0001|partly-rolled-back", "acme-0002|completed"}, w.states())
}

// TestRollbackByCallsGivenUp: what a rollback has deleted that was killed and given
// up counts as rolled back for the runs after it.
func TestRollbackByCallsGivenUp(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.unplannable = "it follows a rollback that was given up"
	w.staff()
	w.run(run.Options{})
	office.Sent()
	cmd := exec.Command(os.Args[0], "rollback", "acme-0001", "--runs", filepath.Join(w.dir, "runs"), "-f", filepath.Join(w.dir, "landfall.yaml"))
	cmd.Env = append(os.Environ(), killVariable+"=nowhere 1")
	office.Called = func(n int) {
		if n == 1 {
			_ = cmd.Process.Kill() // what it called for is carried out all the same
		}
	}
	if out, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("it was not killed: %v\n%s", err, out)
	}
	office.Called = nil
	if err := run.Abandon(t.Context(), w.db, "acme", "acme-0002"); err != nil {
		t.Fatal(err)
	}
	left := len(office.All("person"))
	if left == 3 {
		t.Fatal("nothing was deleted")
	}
	w.file("people.csv", "ID,Branch,Name,Email,Phone")
	w.run(run.Options{})
	same(t, "known to be there", []string{fmt.Sprint(left)}, w.query("SELECT count(*) FROM "+w.books("crosswalk")+" c JOIN "+w.books("entity")+" e ON e.id = c.entity_id WHERE e.name = 'person' AND c.state = 'l'"))
	same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))
	w.staff()
	counts := w.run(run.Options{}).counts["person"]
	same(t, "created and unchanged", []int64{int64(3 - left), int64(left)}, []int64{counts[record.Created], counts[record.Unchanged]})
	same(t, "persons", 3, len(office.All("person")))
}
