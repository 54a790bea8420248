package lawtest

import (
	"slices"
	"strings"
	"testing"

	"landfall/internal/reconcile"
	"landfall/internal/run"
)

// TestReconcileByCalls: what people did to an API's records behind our back is
// found, record by record, and nothing is called that changes anything.
func TestReconcileByCalls(t *testing.T) {
	t.Parallel()
	w, office := officeWorld(t)
	w.staff()
	office.Put("branch", map[string]any{"code": "B2", "name": "there before", "note": "n"})
	w.run(run.Options{Records: 2})
	office.Put("person", map[string]any{"email": "stray@x.org", "name": "Stray"})
	office.Sent()

	clean := w.reconcile(reconcile.Options{})
	if clean.Differs() {
		t.Errorf("differences where there are none: %v", clean.found)
	}
	told := ""
	for _, e := range clean.Entities {
		told += e.Name + ": " + strings.Join(e.NotLooked, "\n") + "\n"
	}
	for _, want := range []string{
		"person: references to rows that are not there: the target is an API, which cannot be asked over all of its records",
		"records that no record owns: an API is not walked through; it counts 4 of person, and 3 are known here",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("not told: %s\nbut\n%s", want, told)
		}
	}

	office.Edit("person", "a@x.org", "name", "Ada L.")
	office.Edit("person", "a@x.org", "secret", "s3cret") // which nobody can see
	office.Drop("person", "b@x.org")
	w.file("people.csv", "ID,Branch,Name,Email,Phone", "1,1,Ada,a@x.org,11", "2,2,Bob,b@x.org,22", "3,3,Cleo,c@x.org,33", "4,1,New,n@x.org,44")
	found := w.reconcile(reconcile.Options{})
	var differences []string
	for _, d := range found.found {
		differences = append(differences, strings.Join([]string{d.Entity + ":" + d.Key, string(d.Verdict), d.Field}, " "))
	}
	slices.Sort(differences)
	same(t, "differences", []string{
		"person:1 changed-by-business name", "person:2 missing ", "person:3 differs phone", "person:4 not-run ",
	}, differences)
	same(t, "writing calls", 0, len(office.Sent()))
}
