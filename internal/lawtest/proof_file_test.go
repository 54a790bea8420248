package lawtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
)

// TestReportsLast: what was verified once verifies for ever, whatever runs come
// later, as long as nobody touches the books.
func TestReportsLast(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = w.fresh(t, "CREATE TABLE branches (id NUMBER, name varchar(10) NOT NULL)",
			"CREATE TABLE people (id NUMBER, name varchar(10), email varchar(30) UNIQUE, branch_id bigint REFERENCES branches (id), boss_id bigint REFERENCES people (id))",
			"INSERT INTO people (name, email) VALUES ('was', 'h@x')")
		w.mapping(officeMapping)
		var accounts []*report.Account
		step := func(o run.Options, people ...string) {
			t.Helper()
			w.file("people.csv", append([]string{"No,Name,Mail,Branch,Boss"}, people...)...)
			o.Records = 2
			name := w.run(o).Run.Name
			accounts = append(accounts, w.account(name))
			for _, account := range accounts {
				for _, fault := range w.prove(account) {
					t.Errorf("%s after %s: %s", account.Run.Name, name, fault)
				}
			}
		}
		w.file("branches.csv", "No,Code,Name", "1,A,one", "2,B,two")
		step(run.Options{}, "1,a,a@x,A,", "2,b,b@x,B,1", "3,far far too long,c@x,A,1", "4,d,d@x,A,3")
		step(run.Options{RetryOpen: true}, "1,a,a@x,A,", "2,b,b@x,B,1", "3,c,c@x,A,1", "4,d,d@x,A,3")
		w.file("branches.csv", "No,Code,Name", "1,Z,ONE", "2,B,two")
		step(run.Options{}, "1,A,a@x,Z,4", "2,b,b@x,B,9", "3,C,c@x,Z,1", "4,D,d@x,Z,3", "8,h,h@x,B,1")
		step(run.Options{}, "1,A,a@x,Z,4", "2,B,b@x,B,", "3,C,c@x,Z,1", "4,d,d@x,B,3", "8,H,h@x,B,1")
		step(run.Options{Only: []record.Ref{ref("person:8")}}, "1,A,a@x,Z,4", "8,8,h@x,B,1")
		if len(accounts[0].Books.Tables) == 0 || accounts[0].Integrity.SHA256 != "" {
			t.Error("the first report has no digests, or hashes of itself before it is written")
		}
	})
}

// TestEveryByteOfTheReport: a byte that changes anywhere in a report's file is
// told with its place, in the page, in the data and in the hashes.
func TestEveryByteOfTheReport(t *testing.T) {
	w, last := office(t, sqliteWorld(t))
	account := w.account(last.Name)
	page, err := account.Page()
	if err != nil {
		t.Fatal(err)
	}
	data, err := account.JSON()
	if err != nil {
		t.Fatal(err)
	}
	// A page that another version drew in another way is held to its own hash.
	other := bytes.Replace(page, []byte("<h2>Balance</h2>"), []byte("<h2>BALANCE</h2>"), 1)
	if _, faults := report.ReadAccount(other, "test"); len(faults) != 1 || faults[0].Section != "balance" {
		t.Errorf("another page of the same program: %v", faults)
	}
	if _, faults := report.ReadAccount(other, "another"); len(faults) != 1 || faults[0].Part != "hash" {
		t.Errorf("another page of another program, without its hash: %v", faults)
	}
	if _, faults := report.ReadAccount(page, "another"); len(faults) != 0 {
		t.Errorf("the same page of another program: %v", faults)
	}
	for kind, text := range map[string][]byte{"html": page, "json": data} {
		if read, faults := report.ReadAccount(text, "test"); read == nil || len(faults) > 0 {
			t.Fatalf("%s untouched: %v", kind, faults)
		}
		step := 61
		if testing.Short() {
			step = 997
		}
		places := []int{0, 1, len(text) - 2, len(text) - 1}
		for at := 2; at < len(text); at += step {
			places = append(places, at)
		}
		for at := max(0, len(text)-260); at < len(text); at += 3 {
			places = append(places, at)
		}
		for _, at := range places {
			changed := bytes.Clone(text)
			changed[at] ^= 1
			_, faults := report.ReadAccount(changed, "test")
			near := false
			for _, fault := range faults {
				near = near || fault.Offset == at || fault.Offset < 0 || strings.Contains(fault.Part, "hash") || strings.Contains(fault.Section, "integrity")
			}
			if !near {
				t.Errorf("%s, byte %d of %d (%q): found %v", kind, at, len(text), text[max(0, at-20):min(len(text), at+20)], faults)
			}
		}
		for name, changed := range map[string][]byte{
			"cut short": text[:len(text)-5], "cut in the middle": text[:len(text)/2], "added to": append(bytes.Clone(text), "x"...),
			"a byte is gone": append(bytes.Clone(text[:len(text)/3]), text[len(text)/3+1:]...), "empty": nil,
		} {
			if _, faults := report.ReadAccount(changed, "test"); len(faults) == 0 {
				t.Errorf("%s: %s passes", kind, name)
			}
		}
	}
}

// TestVerifyCommand: the command names what changed, in books and file at once,
// and ends with the code of a difference.
func TestVerifyCommand(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w, last := office(t, w)
		file := filepath.Join(w.dir, "report.html")
		if code, _, errs := w.cli("report", last.Name, "-o", file); code != 0 {
			t.Fatalf("report: exit %d: %s", code, errs)
		}
		if code, out, errs := w.cli("report", "--verify", file); code != 0 || !strings.Contains(out, "chain and seals hold") {
			t.Errorf("untouched: exit %d: %s%s", code, out, errs)
		}
		entry := w.ledger().Books().Table("entry")
		w.do("UPDATE " + entry + " SET message = 'x' WHERE run_id = 2 AND source_key = '6'")
		w.do("UPDATE " + w.ledger().Books().Table("crosswalk") + " SET target_key = '99' WHERE source_key = '9'")
		code, out, _ := w.cli("report", "--verify", file)
		if code != 6 || !strings.Contains(out, "entry of person, slice 0, batch 2, entry 1, person:6: message:") ||
			!strings.Contains(out, "crosswalk of person, source_key 9: target_key:") {
			t.Errorf("two changes: exit %d: %s", code, out)
		}
		if code, out, _ := w.cli("report", "--verify", last.Name); code != 6 || !strings.Contains(out, "marker of person, slice 0, batch 2: the link") {
			t.Errorf("the books alone: exit %d: %s", code, out)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(text, []byte(`<section id="balance">`)) + 200
		text[at] ^= 1
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, _ := w.cli("report", "--verify", file); code != 6 || !strings.Contains(out, "report, page balance, byte ") {
			t.Errorf("a byte of the page: exit %d: %s", code, out)
		}
	})
}

// TestReportOfOlderBooks: books that no run has brought forward yet can be told
// and proven, and the report still verifies when one has.
func TestReportOfOlderBooks(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(staffTable)
		w.mapping(fmt.Sprintf(staffMapping, ""))
		w.file("staff.csv", "No,Boss,Name", "1,,a", "2,1,b")
		w.run(run.Options{})
		for _, table := range []string{"former", "measure", "reconciliation", "reconciliation_entity", "difference"} {
			w.do("DROP TABLE " + w.ledger().Books().Table(table))
		}
		w.do("UPDATE " + w.ledger().Books().Table("version") + " SET version = 2")
		file := filepath.Join(w.dir, "report.html")
		verify := func(when string, args ...string) {
			t.Helper()
			if code, out, errs := w.cli(append([]string{"report"}, args...)...); code != 0 {
				t.Errorf("%s: exit %d: %s%s", when, code, out, errs)
			}
		}
		verify("telling", "-o", file)
		verify("at once", "--verify", file)
		w.file("staff.csv", "No,Boss,Name", "1,2,a", "2,,c")
		w.run(run.Options{})
		verify("in newer books", "--verify", file)
	})
}
