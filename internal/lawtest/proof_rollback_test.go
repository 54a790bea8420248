package lawtest

import (
	"fmt"
	"slices"
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

// TestRolledBackIsProven: a state that says a rollback is accepted only where
// the books hold that rollback, and what a rollback leaves is compared after it.
func TestRolledBackIsProven(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w, last := office(t, w)
		account := w.account(last.Name)
		runs := w.ledger().Books().Table("run")
		become := func(column, value string) {
			t.Helper()
			w.do(fmt.Sprintf("UPDATE %s SET %s = '%s' WHERE id = %d", runs, column, value, last.ID))
		}
		says := func(when, column, text string) {
			t.Helper()
			faults := w.prove(account)
			if len(faults) != 1 || faults[0].Table != "run" || !slices.Equal(faults[0].Columns, []string{column}) || faults[0].Text != text {
				t.Errorf("%s: %v", when, faults)
			}
			code, out, _ := w.cli("report", "--verify", last.Name)
			if told := strings.Contains(out, text); column == "state" && (code != 6 || !told) {
				t.Errorf("%s, the books alone: exit %d: %s", when, code, out)
			}
		}
		become("state", "rolled-back")
		says("all of it undone by nobody", "state", "no completed rollback of the run has undone all of it")
		become("state", "partly-rolled-back")
		says("a part undone by nobody", "state", "no rollback of the run has undone anything")
		become("state", "completed")
		code, out, errs := w.cli("rollback", last.Name)
		if code != 0 && code != 4 {
			t.Fatalf("rollback: exit %d: %s%s", code, out, errs)
		}
		if faults := w.prove(account); len(faults) > 0 {
			t.Errorf("a true rollback: %v", faults)
		}
		state := w.query(fmt.Sprintf("SELECT state, ended_at FROM %s WHERE id = %d", runs, last.ID))[0]
		is, at, _ := strings.Cut(state, "|")
		become("state", "completed")
		says("a rollback hidden", "state", "a rollback has undone the run, and the state does not say so")
		become("state", is)
		become("ended_at", "2026-01-01T00:00:00.000Z")
		says("another end", "ended_at", "is not what it was when the report was made")
		become("ended_at", at)
		become("error", "x")
		says("another error", "error", "is not what it was when the report was made")
	})
}
