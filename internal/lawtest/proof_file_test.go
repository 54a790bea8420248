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
			if len(faults) != 1 || !placed(text, changed, faults[0], at) {
				t.Errorf("%s, byte %d of %d (%q): found %v", kind, at, len(text), text[max(0, at-20):min(len(text), at+20)], faults)
			}
		}
		for marked, section := range namedPlaces[kind] {
			at := bytes.Index(text, []byte(marked)) + len(marked)
			if at < len(marked) {
				t.Errorf("%s: the report has no %s", kind, marked)
				continue
			}
			changed := bytes.Clone(text)
			changed[at] ^= 1
			if _, faults := report.ReadAccount(changed, "test"); len(faults) != 1 || faults[0].Section != section || faults[0].Offset != at {
				t.Errorf("%s, the byte after %s, which is %d: found %v", kind, marked, at, faults)
			}
		}
		for name, damaged := range map[string]struct {
			text []byte
			told map[string]string // of each kind of report, what the first fault says
		}{
			"cut short":         {text[:len(text)-5], map[string]string{"html": "5 bytes are missing", "json": noEnd}},
			"cut in the middle": {text[:len(text)/2], map[string]string{"html": noHash, "json": noEnd}},
			"added to":          {append(bytes.Clone(text), "x"...), map[string]string{"html": "1 bytes too many", "json": noEnd}},
			"a byte is gone": {append(bytes.Clone(text[:len(text)/3]), text[len(text)/3+1:]...), map[string]string{
				"html": fmt.Sprintf("from here on it is not what the data says, and has %d bytes instead of %d", len(text)-1, len(text)),
				"json": "it does not have its hash: more than one byte is not what it was",
			}},
			"empty": {nil, map[string]string{"html": "the file is too short for a report", "json": "the file is too short for a report"}},
		} {
			if _, faults := report.ReadAccount(damaged.text, "test"); len(faults) == 0 || faults[0].Text != damaged.told[kind] {
				t.Errorf("%s: %s: %v", kind, name, faults)
			}
		}
	}
}

const (
	noEnd  = "the data does not end with hashes of itself: it was cut short, added to, or changed there"
	noHash = "the file does not end with its hash: it was cut short, added to, or changed there"
)

// namedPlaces are pieces of a report, and the section or path by which the byte
// after them goes.
var namedPlaces = map[string]map[string]string{
	"html": {
		"<h1>": "summary", `<section id="balance">` + "\n<h2>": "balance", `<section id="totals">` + "\n<h2>": "totals",
		`<section id="reconciliation">` + "\n<h2>": "reconciliation", `<section id="origin">` + "\n<h2>": "origin",
		`"actor": "`: "run.actor", `"mapping_hash": "`: "run.mapping_hash",
	},
	"json": {
		`"actor": "`: "run.actor", `"mapping_hash": "`: "run.mapping_hash", `"read": `: "entities.1.read",
		`"mapping": [` + "\n" + `    "`: "mapping.1", `"code": "`: "rejections.1.code", `"held": `: "fingerprints.1.held",
	},
}

// placed reports whether a fault names the byte that changed: exactly, or the
// hash that it is a part of.
func placed(text, changed []byte, f report.FileFault, at int) bool {
	within := func(from, length int) bool { return from >= 0 && at >= from && at < from+length }
	switch {
	case f.Line != 1+bytes.Count(changed[:min(max(f.Offset, 0), len(changed))], []byte("\n")):
		return false
	case f.Offset == at:
		return true
	case f.Section == "integrity.sha256":
		return within(f.Offset, 64) && bytes.HasSuffix(text[:f.Offset], []byte(`"sha256": "`))
	case f.Section == "integrity.sums":
		return within(f.Offset, 32) && bytes.HasSuffix(text[:f.Offset], []byte(`"sums": "`))
	case f.Section == "integrity":
		// The form of the data's end.
		from := bytes.LastIndex(text, []byte(`"integrity": {`))
		return within(from, f.Offset-from)
	}
	return false
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
