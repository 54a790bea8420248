package lawtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/proof"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
)

// TestForgedReports: a report that says something else than the books is found
// out, also when all hashes in it were computed anew, and what is forged in it is
// named by its path.
func TestForgedReports(t *testing.T) {
	entity := func(a *report.Account) *report.AccountEntity { return &a.Entities[len(a.Entities)-1] }
	forgeries := []struct {
		path  string // that is named first
		forge func(a *report.Account)
	}{
		{"entities.2.counts.created", func(a *report.Account) { entity(a).Counts[record.Created]++ }},
		{"entities.2.counts.failed", func(a *report.Account) { delete(entity(a).Counts, record.Failed) }},
		{"entities.2.read", func(a *report.Account) { entity(a).Read-- }},
		{"entities.2.source_count", func(a *report.Account) { entity(a).SourceCount = 42 }},
		{"entities.2.adopted", func(a *report.Account) { entity(a).Adopted = 7 }},
		{"entities.2.balance", func(a *report.Account) { entity(a).Balance = "open" }},
		{"entities.2.input.1.value", func(a *report.Account) { entity(a).Input[0].Value = "x" }},
		{"entities.2.name", func(a *report.Account) { entity(a).Name = "people" }},
		{"entities.2.target_table", func(a *report.Account) { entity(a).Table = "folk" }},
		{"entities.2.slices.1.seal", func(a *report.Account) { entity(a).Slices[0].Seal = strings.Repeat("0", 64) }},
		{"entities.2.slices.1.last_batch_at", func(a *report.Account) { entity(a).Slices[0].LastAt = "2026-01-01T00:00:00.000Z" }},
		{"entities", func(a *report.Account) { a.Entities = a.Entities[:1] }},
		{"run.actor", func(a *report.Account) { a.Run.Actor = "somebody" }},
		{"run.mapping_hash", func(a *report.Account) { a.Run.MappingHash = strings.Repeat("0", 64) }},
		{"run.seal", func(a *report.Account) { a.Run.Seal = strings.Repeat("0", 64) }},
		{"run.seal", func(a *report.Account) { a.Run.Seal = "" }},
		{"run.mode", func(a *report.Account) { a.Run.Mode = "delta" }},
		{"run.started_at", func(a *report.Account) { a.Run.StartedAt = "2026-01-01T00:00:00.000Z" }},
		{"run.only", func(a *report.Account) { a.Run.Only = []string{"person:1"} }},
		{"mapping.3", func(a *report.Account) { a.Mapping[2] += "x" }},
		{"rejections.1.examples.1.message", func(a *report.Account) { a.Rejections[0].Examples[0].Message = "nothing to see" }},
		{"rejections", func(a *report.Account) { a.Rejections = a.Rejections[:len(a.Rejections)-1] }},
		{"other_rejections", func(a *report.Account) { a.OtherRejections = 4 }},
		{"totals.1.after", func(a *report.Account) { a.Totals[0].After = nil }},
		{"totals", func(a *report.Account) { a.Totals = nil }},
		{"fingerprints.1.held", func(a *report.Account) { a.Fingerprints[0].Held = !a.Fingerprints[0].Held }},
		{"reconciliation.entities.1.differences", func(a *report.Account) { a.Reconciliation.Entities[0].Differences = 0 }},
		{"reconciliation.examples.1.found", func(a *report.Account) { *a.Reconciliation.Examples[0].Found = "what must be" }},
		{"reconciliation.state", func(a *report.Account) { a.Reconciliation.State = "interrupted" }},
		{"reconciliation", func(a *report.Account) { a.Reconciliation = nil }},
		{"other_reconciliations", func(a *report.Account) { a.Others = []report.AccountReconciliation{*a.Reconciliation} }},
		{"followers", func(a *report.Account) { a.Followers = nil }},
		{"followers.1.actor", func(a *report.Account) { a.Followers[0].Actor = "somebody" }},
		{"followers.1.counts.created", func(a *report.Account) { a.Followers[0].Counts[record.Created] += 5 }},
		{"pace", func(a *report.Account) { a.Pace = nil }},
		{"pace.entities.2.read", func(a *report.Account) { a.Pace.Entities[1].Read++ }},
		{"books", func(a *report.Account) { a.Books = nil }},
		{"books.bounds.undone", func(a *report.Account) { a.Books.Bounds.Undone = true }},
		{"books.bounds.newest_run", func(a *report.Account) { a.Books.Bounds.Newest = 99 }},
		{"books", func(a *report.Account) { a.Books.Columns["entry"] = a.Books.Columns["entry"][1:] }},
		{"books", func(a *report.Account) { a.Books.Columns["entry"][0] = "nothing" }},
		{"books", func(a *report.Account) { a.Books.Tables[0].Parts[0].Hashes = "x" }},
		{"books.columns.difference", func(a *report.Account) {
			a.Books.Columns["difference"] = a.Books.Columns["difference"][1:]
			a.Books.Tables = slices.DeleteFunc(a.Books.Tables, func(t proof.Table) bool { return t.Name == "difference" })
		}},
		{"run.state", func(a *report.Account) { a.Run.State, a.Books = ledger.Running, nil }},
	}
	eachTarget(t, func(t *testing.T, w *world) {
		w, last := office(t, w)
		b := w.ledger().Books()
		w.do("UPDATE "+b.Table("reconciliation")+" SET started_at = '2026-01-01T00:00:00.000Z', ended_at = '2026-01-01T00:00:01.000Z'",
			"UPDATE "+b.Table("run")+" SET ended_at = '2026-01-01T00:00:00.000Z' WHERE name = '"+last.Name+"'")
		w.run(run.Options{RetryOpen: true, Retry: last.Name})
		text, err := w.account(last.Name).JSON()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(w.dir, "forged.json")
		verify := func(write func(*report.Account) ([]byte, error), forge func(*report.Account)) (int, report.Verification, string) {
			t.Helper()
			account, faults := report.ReadAccount(text, "test")
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			forge(account)
			forged, err := write(account)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, forged, 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, errs := w.cli("report", "--verify", file, "--format", "json")
			var said report.Verification
			if err := json.Unmarshal([]byte(out), &said); err != nil {
				t.Fatalf("exit %d: %s%s", code, out, errs)
			}
			return code, said, out
		}
		if code, _, out := verify((*report.Account).JSON, func(*report.Account) {}); code != 0 {
			t.Fatalf("untouched: exit %d: %s", code, out)
		}
		for _, f := range forgeries {
			code, said, out := verify((*report.Account).JSON, f.forge)
			named := slices.ContainsFunc(said.Contradictions, func(c report.FileFault) bool { return c.Section == f.path })
			if len(said.FileFaults) > 0 {
				t.Errorf("%s: the forgery's hashes do not hold, so that it tests nothing: %v", f.path, said.FileFaults)
			}
			if code != 6 || !named {
				t.Errorf("%s: exit %d: %s", f.path, code, out)
			}
		}
		// The page is drawn from the data, so that a forged one fits its page.
		code, said, out := verify((*report.Account).Page, func(a *report.Account) { entity(a).Counts[record.Created]++ })
		if code != 6 || len(said.FileFaults) > 0 || len(said.Contradictions) != 1 || said.Contradictions[0].Section != "entities.2.counts.created" {
			t.Errorf("a forged page: exit %d: %s", code, out)
		}
	})
}

// TestLawfulChanges: what may change after a report was made is no contradiction:
// later reconciliations, retries, a rollback, names of entities, what is private.
func TestLawfulChanges(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w, last := office(t, w)
		accounts := map[string]*report.Account{"at first": w.account(last.Name)}
		check := func(after string) {
			t.Helper()
			for when, account := range accounts {
				for _, fault := range w.prove(account) {
					t.Errorf("the report made %s, after %s: %s", when, after, fault)
				}
			}
			accounts["after "+after] = w.account(last.Name)
		}
		for _, args := range [][]string{{"reconcile"}, {"reconcile", "--only", "branch:1"}} {
			if code, out, errs := w.cli(args...); code != 0 && code != 6 {
				t.Fatalf("%v: exit %d: %s%s", args, code, out, errs)
			}
			check(strings.Join(args, " "))
		}
		w.mapping(strings.NewReplacer("  branch:\n", "  office:\n    renamed_from: branch\n", "ref: branch", "ref: office").Replace(officeMapping))
		w.run(run.Options{})
		check("renaming an entity")
		w.run(run.Options{RetryOpen: true, Retry: last.Name})
		check("a retry")
		if code, out, errs := w.cli("rollback", last.Name); code != 0 && code != 4 {
			t.Fatalf("rollback: exit %d: %s%s", code, out, errs)
		}
		check("a rollback")
		if accounts["after renaming an entity"].Entities[0].Name != "office" || accounts["at first"].Entities[0].Name != "branch" {
			t.Error("the entity is not called as it was when the reports were made")
		}
		// A name that no mapping speaks of is none.
		w.do("UPDATE " + w.ledger().Books().Table("entity") + " SET name = 'desk' WHERE name = 'office'")
		if faults := w.prove(accounts["at first"]); len(faults) == 0 || faults[0].Row != "entities.1.name" {
			t.Errorf("an entity renamed by hand: %v", faults)
		}
	})
}

// TestUnfinishedReports: the report of a run that goes on afterwards is held to
// what could not change any more.
func TestUnfinishedReports(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(staffTable)
		w.mapping(fmt.Sprintf(staffMapping, ""))
		w.file("staff.csv", "No,Boss,Name", "1,,a", "2,1,b", "3,1,c", "4,,d")
		stop := make(chan struct{})
		once := sync.OnceFunc(func() { close(stop) })
		if _, err := w.try(run.Options{Records: 1, Lanes: 1, Stop: stop, Observe: func(e run.Event) {
			if e.Kind == run.EventBatch {
				once()
			}
		}}, run.Run); err != nil {
			t.Fatal(err)
		}
		account := w.account("acme-0001")
		if account.Run.State != ledger.Interrupted || account.Read() == 0 || account.Read() == 4 {
			t.Fatalf("the run is %s after %d records", account.Run.State, account.Read())
		}
		if faults := w.prove(account); len(faults) > 0 {
			t.Errorf("untouched: %v", faults)
		}
		forged := *account
		forged.Entities = slices.Clone(account.Entities)
		forged.Entities[0].Read++
		if faults := w.prove(&forged); len(faults) == 0 || faults[0].Row != "entities.1.read" {
			t.Errorf("forged before it goes on: %v", faults)
		}
		if code, out, errs := w.cli("resume"); code != 0 {
			t.Fatalf("resume: exit %d: %s%s", code, out, errs)
		}
		if faults := w.prove(account); len(faults) > 0 {
			t.Errorf("after it went on: %v", faults)
		}
		forged.Entities[0].Read = 40
		if faults := w.prove(&forged); !slices.ContainsFunc(faults, func(f proof.Fault) bool { return f.Row == "entities.1.read" }) {
			t.Errorf("more than was ever read: %v", faults)
		}
		forged = *account
		forged.Run.Actor = "somebody"
		if faults := w.prove(&forged); len(faults) != 1 || faults[0].Row != "run.actor" {
			t.Errorf("another actor: %v", faults)
		}
	})
}
