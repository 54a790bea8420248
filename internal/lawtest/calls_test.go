package lawtest

import (
	"fmt"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

// TestCallsLandRecords: what an API is given is remembered as what a database is
// given: a second run writes nothing, a change is one update, and what the API
// refuses fails with its reason.
func TestCallsLandRecords(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.file("person.csv", "No,Email,Name", "1,ada@x.org,Ada", "2,bob@x.org,Bob", "3,BOB@x.org,Bobby", "4,cy@x.org,refused")
	first := w.run(run.Options{Records: 2})
	same(t, "ends", []string{
		"person:1 created", "person:2 created", "person:3 failed: duplicate-key in email", "person:4 failed: check in name",
	}, first.ends)
	same(t, "persons", []string{"ada@x.org Ada", "bob@x.org Bob"}, s.all())
	s.takeSent()

	second := w.run(run.Options{Records: 2})
	same(t, "counts", ledger.Counts{record.Unchanged: 2, record.Failed: 2}, second.counts["person"])
	same(t, "calls of a second run", []string{"create 1"}, s.takeSent()) // what was refused is tried again

	w.file("person.csv", "No,Email,Name", "1,ada@x.org,Ada L.", "2,bob@x.org,Bob")
	third := w.run(run.Options{})
	same(t, "ends after a change", []string{"person:1 updated", "person:2 unchanged"}, third.ends)
	same(t, "calls", []string{"update 1"}, s.takeSent())
	same(t, "persons", []string{"ada@x.org Ada L.", "bob@x.org Bob"}, s.all())
	same(t, "before", `{"id":"1","email":"ada@x.org","name":"Ada"}`, third.told[0].Before)
}

// TestCallsWhoseAnswersAreLost: every record whose answer was lost is looked up
// in the same run, and sent again only where it is not there.
func TestCallsWhoseAnswersAreLost(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	lines := []string{"No,Email,Name"}
	for n := range 100 {
		lines = append(lines, fmt.Sprintf("%d,p%d@x.org,P%d", n, n, n))
	}
	w.file("person.csv", lines...)
	s.lost = losing(0.3, 0.3, 7)
	out := w.run(run.Options{Records: 20})
	same(t, "counts", ledger.Counts{record.Created: 100}, out.counts["person"])
	same(t, "created, ever", 100, s.created)
	same(t, "persons", 100, len(s.all()))
	if len(out.told) == 0 {
		t.Error("no record says that it was verified")
	}
	s.lost = nil
	s.takeSent()
	w.run(run.Options{Mode: target.Delta})
	same(t, "calls of a second run", []string(nil), s.takeSent())
}
