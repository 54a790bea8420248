package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/plan"
	"landfall/internal/run"
)

// TestPlanByCalls: what a run makes of an API's records is foreseen without one
// call that changes something, and a run that is held to it makes just that.
func TestPlanByCalls(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.staff()
	office.Put("branch", map[string]any{"code": "B2", "name": "there before", "note": "n"})
	p, path := w.planned(run.Options{})
	same(t, "writing calls of a plan", 0, len(office.Sent()))
	same(t, "place", w.office, p.Target.Place.API)
	if !strings.Contains(strings.Join(p.Entities[1].Unforeseen, "\n"), "what the API itself refuses of person") {
		t.Errorf("not told that the API has the last word: %v", p.Entities[1].Unforeseen)
	}
	planned, err := w.foresee(run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.carryOut(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ends", planned, out.ends)
	same(t, "branches", []string{"branch:1 created", "branch:2 updated", "branch:3 created"}, out.ends[:3])

	// A second plan finds what is there, and lists what it erases.
	w.file("people.csv", "ID,Branch,Name,Email,Phone", "1,2,Ada,a@x.org,", "2,2,Bob,b@x.org,22", "3,3,refused,c@x.org,33", "4,9,Eve,e@x.org,1", "5,1,Fay,f@x.org,1")
	second, path := w.planned(run.Options{})
	same(t, "erased", "phone 1 person:1", erased(second.Entities[1].Erased))
	office.Sent()

	// What moves meanwhile is not written over.
	office.Edit("person", "a@x.org", "name", "Ada L.")
	office.Put("person", map[string]any{"email": "f@x.org", "name": "Fay, too"})
	out, err = w.carryOut(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ends", []string{
		"branch:1 unchanged", "branch:2 unchanged", "branch:3 unchanged",
		"person:1 failed: plan-drift", "person:2 unchanged", "person:3 failed: plan-drift in name", "person:4 failed: missing-parent in branch_id", "person:5 failed: plan-drift",
	}, out.ends)
	same(t, "calls", 1, len(office.Sent())) // for what the API was to judge
}

// erased are a plan's erasures on one line.
func erased(all []plan.Erasure) string {
	var words []string
	for _, e := range all {
		words = append(words, fmt.Sprintf("%s %d %s", e.Column, e.Count, e.First))
	}
	return strings.Join(words, ", ")
}
