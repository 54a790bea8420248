package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
)

// TestReportsOutliveRollbacks: reports of the run that is undone, of runs before
// and after it, and of the rollback itself verify.
func TestReportsOutliveRollbacks(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w, _ = office(t, w)
		accounts := []*report.Account{w.account("acme-0001"), w.account("acme-0002")}
		check := func(after string) {
			t.Helper()
			for _, account := range accounts {
				for _, fault := range w.prove(account) {
					t.Errorf("%s after %s: %s", account.Run.Name, after, fault)
				}
			}
		}
		code, out, errs := w.cli("rollback", "acme-0002")
		if code != 0 && code != 4 {
			t.Fatalf("rollback: exit %d: %s%s", code, out, errs)
		}
		check("the rollback")
		undone, rollback := w.account("acme-0002"), w.account("acme-0003")
		accounts = append(accounts, undone, rollback)
		check("the reports of both")
		if rollback.Run.Parent != "acme-0002" || rollback.Entities[0].Counts[record.Reversed] == 0 || len(undone.Followers) != 1 {
			t.Errorf("the rollback is told as %+v, and the run's followers as %+v", rollback.Run, undone.Followers)
		}
		page, err := rollback.Page()
		if err != nil || !strings.Contains(string(page), "Report of a rollback") || !strings.Contains(string(page), "reversed") {
			t.Errorf("the page of the rollback: %v", err)
		}
		w.run(run.Options{Records: 2})
		accounts = append(accounts, w.account("acme-0004"))
		check("a run after the rollback")
		code, out, errs = w.cli("rollback", "acme-0004")
		if code != 0 && code != 4 {
			t.Fatalf("rollback: exit %d: %s%s", code, out, errs)
		}
		accounts = append(accounts, w.account("acme-0004"), w.account("acme-0005"))
		check("a second rollback")
	})
}
