package lawtest

import (
	"slices"
	"strings"
	"testing"

	"landfall/internal/report"
	"landfall/internal/run"
)

// TestNarrowReconciliations: a comparison of a few records does not stand in the
// way of one over everything, and never reads as if it had been one.
func TestNarrowReconciliations(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = w.fresh(t, "CREATE TABLE branches (id NUMBER, name varchar(10))")
		w.mapping("  branch:\n    from: {file: branches.csv, key: No}\n    to: {table: branches, key: {column: id, new: identity}}\n    fields: {name: Name}\n")
		w.file("branches.csv", "No,Name", "1,one", "2,two", "3,three")
		w.run(run.Options{})
		reconcile := func(code int, args ...string) {
			t.Helper()
			if got, out, errs := w.cli(append([]string{"reconcile"}, args...)...); got != code {
				t.Fatalf("reconcile %v: exit %d: %s%s", args, got, out, errs)
			}
		}
		tell := func() (*report.Account, string) {
			t.Helper()
			account := w.account("acme-0001")
			page, err := account.Page()
			if err != nil {
				t.Fatal(err)
			}
			return account, string(page)
		}
		reconcile(0, "--only", "branch:1")
		account, page := tell()
		if account.Reconciliation != nil || len(account.Others) != 1 || !strings.Contains(page, "No completed comparison was over everything") {
			t.Errorf("a narrow one alone: %+v, %+v", account.Reconciliation, account.Others)
		}
		if strings.Contains(page, "✓</span><span>Reconciled") {
			t.Error("a narrow one alone is told as if it had compared everything")
		}

		w.do("UPDATE branches SET name = 'other' WHERE name <> 'one'")
		reconcile(6)
		reconcile(0, "--only", "branch:1")
		reconcile(6, "--sample", "100%")
		account, page = tell()
		whole := account.Reconciliation
		if whole == nil || whole.Name != "acme-0001-check-2" || whole.Entities[0].Differences != 2 || len(whole.Examples) != 2 {
			t.Fatalf("the complete one: %+v", whole)
		}
		var others []string
		for _, r := range account.Others {
			others = append(others, r.Name+": "+strings.Join(r.Bounds, "; "))
		}
		same(t, "others", []string{"acme-0001-check-4: a sample of 100%", "acme-0001-check-3: branch:1 alone"}, others)
		first := strings.Index(page, "acme-0001-check-2: 2 differences")
		second := strings.Index(page, "Compared in part by acme-0001-check-3 (branch:1 alone): 1 record checked, no difference there")
		if first < 0 || second < first || strings.Contains(page, "✓</span><span>Reconciled") || strings.Contains(page, "✓</span><span>Compared") {
			t.Errorf("the summary tells the complete one at %d and a narrow one at %d", first, second)
		}
		bounds := slices.Clone(account.Books.Bounds.Reconciliations)
		slices.Sort(bounds)
		if !slices.Equal(bounds, []int64{2, 3, 4}) {
			t.Errorf("the digests are over the reconciliations %v", bounds)
		}
		if faults := w.prove(account); len(faults) > 0 {
			t.Errorf("untouched: %v", faults)
		}
		if !strings.Contains(page, "Not looked at:</p>\n<ul>\n<li>branch: ") || len(account.Others[0].Entities[0].NotLooked) == 0 {
			t.Error("where the narrow ones did not look is not told")
		}
		w.do("UPDATE " + w.ledger().Books().Table("reconciliation") + " SET options = '{}' WHERE id = 3")
		if faults := w.prove(account); len(faults) == 0 || faults[0].Table != "reconciliation" {
			t.Errorf("a narrow one made to look whole: %v", faults)
		}

		w.do("UPDATE branches SET name = CASE id WHEN 2 THEN 'two' ELSE 'three' END WHERE id > 1")
		reconcile(0)
		if _, page := tell(); !strings.Contains(page, "✓</span><span>Reconciled by acme-0001-check-5: 3 records checked, no difference") {
			t.Error("a complete comparison without differences is not told as one")
		}
		w.do("UPDATE " + w.ledger().Books().Table("reconciliation_entity") + " SET not_looked = '[\"the counters\"]' WHERE reconciliation_id = 5")
		if _, page := tell(); strings.Contains(page, "✓</span><span>Reconciled") || !strings.Contains(page, "no difference in what was compared; it did not look everywhere") {
			t.Error("a complete comparison that did not look everywhere is told as one that did")
		}
	})
}
