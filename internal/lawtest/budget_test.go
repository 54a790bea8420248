package lawtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/run"
	"landfall/internal/target"
)

const budgetMapping = `  customer:
    from: {file: customers.csv, key: No}
    to: {table: customers, key: {column: id, new: identity}}
    fields: {name: Name}
  invoice:
    from: {file: invoices.csv, key: No}
    to: {table: invoices, key: {column: id, new: identity}}
    fields: {customer_id: {ref: customer, from: Customer}, amount: Amount}
`

// budgetWorld has so many customers, of which those fail that fails names, and
// an invoice for each.
func budgetWorld(w *world, customers int, fails func(i int) bool) {
	w.t.Helper()
	w.do("CREATE TABLE customers (id NUMBER, name varchar(10))",
		"CREATE TABLE invoices (id NUMBER, customer_id bigint NOT NULL REFERENCES customers (id), amount decimal(9,2))")
	w.mapping(budgetMapping)
	lines, invoices := []string{"No,Name"}, []string{"No,Customer,Amount"}
	for i := range customers {
		name := "ann"
		if fails(i) {
			name = "far too long a name"
		}
		lines = append(lines, fmt.Sprintf("%d,%s", i+1, name))
		invoices = append(invoices, fmt.Sprintf("%d,%d,1.50", i+1, i+1))
	}
	w.file("customers.csv", lines...)
	w.file("invoices.csv", invoices...)
}

// stopAfter writes a limit into the mapping, for the file or for an entity.
func (w *world) stopAfter(entity, limit string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "landfall.yaml")
	was := readFile(w.t, path)
	before, said := "entities:\n", "stop_after: "+limit+"\nentities:\n"
	if entity != "" {
		before = "  " + entity + ":\n"
		said = before + "    stop_after: " + limit + "\n"
	}
	if err := os.WriteFile(path, []byte(strings.Replace(was, before, said, 1)), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func limit(t *testing.T, text string) *mapping.StopAfter {
	t.Helper()
	s, err := mapping.ParseStopAfter(text)
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

// spends runs and wants the run to end because too many records fail.
func (w *world) spends(start func() (*run.Result, error)) *run.SpentError {
	w.t.Helper()
	result, err := start()
	var spent *run.SpentError
	if !errors.As(err, &spent) {
		w.t.Fatalf("wanted too many failures to end the run, got %v", err)
	}
	if result.Run.State != ledger.Broken || !result.Run.State.Resumable() {
		w.t.Errorf("the run is %s", result.Run.State)
	}
	return spent
}

func (w *world) runs(o run.Options) func() (*run.Result, error) {
	return func() (*run.Result, error) { return w.try(o, run.Run) }
}

func (w *world) resumes(o run.Options) func() (*run.Result, error) {
	return func() (*run.Result, error) { return w.try(o, run.Resume) }
}

// TestErrorBudgetEndsARunThatFailsEverywhere: the run ends at a batch, says how
// many failed and why, can be resumed, counts from the resume on, and comes to
// the same end as a run without a limit.
func TestErrorBudgetEndsARunThatFailsEverywhere(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		fails := func(i int) bool { return i >= 20 && i < 80 }
		budgetWorld(w, 100, fails)
		o := run.Options{Records: 10, Lanes: 1, StopAfter: limit(t, "25")}
		spent := w.spends(w.runs(o))
		same(t, "counted", run.SpentError{Run: "acme-0001", Limit: *o.StopAfter, Failed: 30, Read: 50, Codes: []run.CodeCount{{Code: "too-long", Count: 30}}}, *spent)
		same(t, "landed", []string{"20"}, w.query("SELECT count(*) FROM customers"))
		for _, part := range []string{"30 of the 50 read", "stop_after is 25", "too-long (30)", "landfall resume --stop-after none", "landfall abandon acme-0001"} {
			if !strings.Contains(spent.Error(), part) {
				t.Errorf("the message does not say %q: %s", part, spent)
			}
		}

		// Old failures count no more; the limit is the one that the run was started with.
		spent = w.spends(w.resumes(run.Options{Lanes: 1}))
		same(t, "counted after the resume", []int64{30, 30}, []int64{spent.Failed, spent.Read})

		// However many fail.
		result, err := w.try(run.Options{StopAfter: limit(t, "none")}, run.Resume)
		if err != nil {
			t.Fatal(err)
		}
		out := w.outcome(result)
		same(t, "customers", ledger.Counts{"created": 40, "failed": 60}, out.counts["customer"])
		same(t, "invoices", ledger.Counts{"created": 40, "blocked": 60}, out.counts["invoice"])
		beside := w.beside(t)
		budgetWorld(beside, 100, fails)
		same(t, "ends of a run without a limit", beside.run(run.Options{Records: 10}).ends, out.ends)
	})
}

// TestErrorBudgetShare: a share is judged from a thousand records on, or when an
// entity that has a share of its own is read, and blocked records count.
func TestErrorBudgetShare(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		budgetWorld(w, 2000, func(i int) bool { return i < 20 })
		w.stopAfter("", "2%")
		w.unwatched = true
		out, err := w.try(run.Options{Records: 100, Lanes: 1}, run.Run)
		var spent *run.SpentError
		if !errors.As(err, &spent) || spent.Read != 1000 || spent.Failed != 20 {
			t.Fatalf("2%% of the first thousand: %v", err)
		}
		same(t, "state", ledger.Broken, out.Run.State)
		// 20 invoices of customers that failed are blocked, but 3,000 records are read since.
		if _, err := w.try(run.Options{}, run.Resume); err != nil {
			t.Fatalf("20 of 3,000 are less than 2%%: %v", err)
		}

		w = w.beside(t)
		budgetWorld(w, 40, func(i int) bool { return i%2 == 0 })
		w.stopAfter("", "1%")
		w.stopAfter("customer", "50%")
		spent = w.spends(w.runs(run.Options{Records: 7}))
		same(t, "an entity of its own", []any{"customer", int64(20), int64(40)}, []any{spent.Over, spent.Failed, spent.Read})
		if _, err := w.try(run.Options{}, run.Resume); err != nil {
			t.Fatalf("of fewer than a thousand records no share of the file's ends a run: %v", err)
		}
	})
}

// TestErrorBudgetWithinRecordsInARow: so many failures end a run only when they
// come close together.
func TestErrorBudgetWithinRecordsInARow(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		budgetWorld(w, 100, func(i int) bool { return i%10 == 0 || i >= 60 && i < 65 })
		w.mapping(strings.Replace(budgetMapping[:strings.Index(budgetMapping, "  invoice:")], "from:", "stop_after: {failures: 3, of: 20}\n    from:", 1))
		spent := w.spends(w.runs(run.Options{Records: 4, Lanes: 1}))
		same(t, "counted", []int64{10, 64}, []int64{spent.Failed, spent.Read})
	})
}

// TestErrorBudgetLanes: at which batch the limit is reached, and what is told,
// never depends on lanes.
func TestErrorBudgetLanes(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		var told []string
		for _, lanes := range []int{1, 4} {
			w := w.beside(t)
			budgetWorld(w, 200, func(i int) bool { return i%3 == 0 })
			spent := w.spends(w.runs(run.Options{Records: 5, Lanes: lanes, StopAfter: limit(t, "20")}))
			told = append(told, spent.Error())
			result, err := w.try(run.Options{StopAfter: limit(t, "none")}, run.Resume)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "customers", ledger.Counts{"created": 133, "failed": 67}, w.outcome(result).counts["customer"])
		}
		same(t, "with one lane and with four", told[0], told[1])
	})
}

// TestErrorBudgetOfOneEntity: an entity's own limit is over its own records, and
// they do not count against the file's; none takes it out.
func TestErrorBudgetOfOneEntity(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		budgetWorld(w, 60, func(i int) bool { return i < 30 })
		w.stopAfter("", "20")
		w.stopAfter("customer", "none")
		spent := w.spends(w.runs(run.Options{Records: 10}))
		same(t, "only invoices are counted", []any{"", int64(20), int64(20)}, []any{spent.Over, spent.Failed, spent.Read})
		same(t, "why", []run.CodeCount{{Code: "parent-failed", Count: 20}}, spent.Codes)
	})
}

// TestErrorBudgetOfARetry: a retry that helps nothing ends, too.
func TestErrorBudgetOfARetry(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		budgetWorld(w, 60, func(i int) bool { return i < 30 })
		w.run(run.Options{})
		o := run.Options{RetryOpen: true, Records: 10, StopAfter: limit(t, "15")}
		spent := w.spends(w.runs(o))
		same(t, "counted", []int64{20, 20}, []int64{spent.Failed, spent.Read})
		result, err := w.try(run.Options{StopAfter: limit(t, "none")}, run.Resume)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "retried", ledger.Counts{"failed": 30}, w.outcome(result).counts["customer"])
	})
}

// TestErrorBudgetOfAWave: runs that only insert end in the same way, and go on
// to the same end.
func TestErrorBudgetOfAWave(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		budgetWorld(w, 60, func(i int) bool { return i >= 10 && i < 40 })
		o := run.Options{Mode: target.InsertOnly, Records: 10, Lanes: 1, StopAfter: limit(t, "15")}
		spent := w.spends(w.runs(o))
		same(t, "counted", []int64{20, 30}, []int64{spent.Failed, spent.Read})
		result, err := w.try(run.Options{StopAfter: limit(t, "none")}, run.Resume)
		if err != nil {
			t.Fatal(err)
		}
		out := w.outcome(result)
		same(t, "customers", ledger.Counts{"created": 30, "failed": 30}, out.counts["customer"])
		same(t, "invoices", ledger.Counts{"created": 30, "blocked": 30}, out.counts["invoice"])
	})
}

// TestErrorBudgetOfLostParents: records that had landed and fail after all,
// because the parent that they wait for does not land, count as well.
func TestErrorBudgetOfLostParents(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(staffTable)
		w.mapping(fmt.Sprintf(staffMapping, ""))
		lines := []string{"No,Boss,Name"}
		for i := range 30 {
			lines = append(lines, fmt.Sprintf("%d,%d,n%d", i+1, 31+i/10, i+1))
		}
		w.file("staff.csv", append(lines, "31,,bad", "32,,bad", "33,,bad")...)
		o := run.Options{Records: 10, StopAfter: limit(t, "14")}
		spent := w.spends(w.runs(o))
		same(t, "counted", []int64{23, 33}, []int64{spent.Failed, spent.Read})
		result, err := w.try(run.Options{StopAfter: limit(t, "none")}, run.Resume)
		if err != nil {
			t.Fatal(err)
		}
		out := w.outcome(result)
		w.balanced(out)
		same(t, "staff", ledger.Counts{"blocked": 30, "failed": 3}, out.counts["staff"])
	})
}
