package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
)

const byMapping = `  branch:
    from: {file: branches.csv, key: No}
    to: {table: branches, key: {column: id, new: identity}}
    fields: {name: Name}
    ignore: {Code: "only referred to", Region: "likewise"}
  job:
    from: {file: jobs.csv, key: No}
    to: {table: jobs, key: {column: id, new: identity}}
    fields:
      branch_id: {ref: branch, by: Code, from: Branch, do: [trim, upper]}
      second_id: {ref: branch, by: [Region, Code], from: [Area, Branch], missing: null}
      no: No
`

// TestReferencesBy: parents are found by other columns than their keys, those
// that failed are told from those that never were, and several are too many.
func TestReferencesBy(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE branches (id NUMBER, name varchar(4))",
			"CREATE TABLE jobs (id NUMBER, branch_id bigint REFERENCES branches (id), second_id bigint REFERENCES branches (id), no varchar(3))")
		w.mapping(byMapping)
		w.file("branches.csv", "No,Code,Region,Name", "1,a,N,one", "2,B ,N,two", "3,C,N,three", "4,d,N,four", "5,D,S,five", "6,,N,six", "7,a|x,N,bar")
		w.file("jobs.csv", "No,Branch,Area", "1,A,N", "2,b,", "3,c,", "4,d,", "5,e,", "6,,", "7,a|X,N", "8,a,N")
		ends := []string{
			"branch:1 created", "branch:2 created", "branch:3 failed: too-long in name", "branch:4 created", "branch:5 created", "branch:6 created", "branch:7 created",
			"job:1 created", "job:2 failed: missing-key in second_id", "job:3 failed: missing-key in second_id", "job:4 failed: missing-key in second_id",
			"job:5 failed: missing-key in second_id", "job:6 created", "job:7 created", "job:8 created",
		}
		same(t, "ends", ends, w.run(run.Options{Records: 2}).ends)
		same(t, "jobs", []string{"1|one|NULL", "6|NULL|NULL", "7|bar|NULL", "8|one|one"},
			w.query("SELECT j.no, b.name, s.name FROM jobs j LEFT JOIN branches b ON b.id = j.branch_id LEFT JOIN branches s ON s.id = j.second_id ORDER BY j.no"))

		w.file("jobs.csv", "No,Branch,Area", "1,A,N", "2,b,N", "3,c,N", "4,d,N", "5,e,N", "6,,", "7,a|X,N", "8,a,N")
		out := w.run(run.Options{})
		same(t, "more", []string{
			"job:1 unchanged", "job:2 created", "job:3 blocked: parent-failed in branch_id", "job:4 failed: ambiguous in branch_id",
			"job:5 failed: missing-parent in branch_id", "job:6 unchanged", "job:7 unchanged", "job:8 unchanged",
		}, out.ends[7:])
		for _, key := range []string{"4", "5"} {
			if told := out.entry(t, key); told.Entity == "job" && strings.Contains(told.Message, "\"") {
				t.Errorf("a value is told: %s", told.Message)
			}
		}
		// A branch takes another's code, and what is found by it moves along.
		w.file("branches.csv", "No,Code,Region,Name", "1,z,N,one", "2,a,N,two", "3,C,N,tri", "4,d,N,four", "5,e,S,five", "6,,N,six", "7,a|x,N,bar")
		out = w.run(run.Options{Records: 3})
		same(t, "moved", ledger.Counts{record.Updated: 2, record.Created: 3, record.Failed: 1, record.Unchanged: 2}, out.counts["job"])
		same(t, "the branches of jobs", []string{"1|two", "2|two", "3|tri", "4|four", "5|five", "6|NULL", "7|bar", "8|two"},
			w.query("SELECT j.no, b.name FROM jobs j LEFT JOIN branches b ON b.id = j.branch_id ORDER BY j.no"))
		same(t, "once more", ledger.Counts{record.Failed: 1, record.Unchanged: 7}, w.run(run.Options{}).counts["job"])
	})
}

// TestLookups: rows of a table that nobody migrates.
func TestLookups(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE currencies (id bigint PRIMARY KEY, iso varchar(3), kind int)",
			"INSERT INTO currencies VALUES (10, 'EUR', 1), (11, 'EUR', 2), (12, 'USD', 1), (13, 'X|Y', 1)",
			"CREATE TABLE jobs (id NUMBER, currency_id bigint NOT NULL REFERENCES currencies (id), other_id bigint, no varchar(3))")
		w.mapping(`  job:
    from: {file: jobs.csv, key: No}
    to: {table: jobs, key: {column: id, new: identity}}
    fields:
      currency_id: {lookup: currencies, where: {iso: Cur, kind: Kind}, take: id, do: [upper]}
      other_id: {lookup: currencies, where: {iso: Other}, take: id, missing: null}
      no: No
`)
		w.file("jobs.csv", "No,Cur,Kind,Other", "1,eur,1,", "2,EUR,2,USD", "3,GBP,1,", "4,EUR,x,", "5,,,", "6,EUR,,", "7,USD,1,GBP", "8,USD,1,EUR", "9,x|y,1,X|Y")
		for range 2 {
			for _, size := range []int{1, 100} {
				out := w.run(run.Options{Records: size})
				failed := []string{}
				for _, end := range out.ends {
					if strings.Contains(end, "failed") {
						failed = append(failed, end)
					}
				}
				same(t, "failed", []string{
					"job:3 failed: not-found in currency_id", "job:4 failed: wrong-type in currency_id", "job:5 failed: not-null in currency_id",
					"job:6 failed: missing-key in currency_id", "job:8 failed: ambiguous in other_id",
				}, failed)
			}
		}
		same(t, "jobs", []string{"1|10|NULL", "2|11|12", "7|12|NULL", "9|13|13"}, w.query("SELECT no, currency_id, other_id FROM jobs ORDER BY no"))
		w.do("INSERT INTO currencies VALUES (14, 'GBP', 1)")
		same(t, "a retry", "job:3 created", w.run(run.Options{RetryOpen: true}).ends[0])
		same(t, "a row that came", ledger.Counts{record.Unchanged: 4, record.Updated: 1, record.Failed: 4}, w.run(run.Options{}).counts["job"])
	})
}

// TestLookupMistakes: what is wrong with a look-up is told with its place.
func TestLookupMistakes(t *testing.T) {
	w := sqliteWorld(t)
	w.do("CREATE TABLE currencies (id bigint PRIMARY KEY, iso varchar(3))", "CREATE TABLE jobs (id NUMBER, currency_id bigint)")
	w.file("jobs.csv", "No,Cur", "1,EUR")
	for lookup, want := range map[string]string{
		"{lookup: currency, where: {iso: Cur}, take: id}":    "no such table: currency",
		"{lookup: currencies, where: {ISO: Cur}, take: id}":  `has no column "ISO", did you mean "iso"?`,
		"{lookup: currencies, where: {iso: Cur}, take: it}":  `has no column "it", did you mean "id"?`,
		"{lookup: currencies, where: {iso: Curr}, take: id}": `did you mean "Cur"?`,
		"{lookup: currencies, where: {iso: Cur}}":            `"take" is missing`,
	} {
		w.mapping(fmt.Sprintf("  job:\n    from: {file: jobs.csv, key: No}\n    to: {table: jobs, key: {column: id, new: identity}}\n    fields: {currency_id: %s}\n", lookup))
		if code, out, errs := w.cli("check"); code != 2 || !strings.Contains(out+errs, want) || !strings.Contains(out+errs, "landfall.yaml:") {
			t.Errorf("%s: exit %d\n%s%s", lookup, code, out, errs)
		}
	}
}

// TestSwitchedReferences: the record says which entity it refers to.
func TestSwitchedReferences(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE people (id NUMBER, name varchar(4))", "CREATE TABLE firms (id NUMBER, name varchar(4))", "INSERT INTO firms (name) VALUES ('old')",
			"CREATE TABLE cars (id NUMBER, owner_id bigint, kind varchar(1), no varchar(3))")
		w.mapping(`  car:
    from: {file: cars.csv, key: No}
    to: {table: cars, key: {column: id, new: identity}}
    fields:
      owner_id: {ref: {switch: Type, cases: {P: person, F: firm, Q: person}}, from: Owner}
      kind: Type
      no: No
  person:
    from: {file: people.csv, key: No}
    to: {table: people, key: {column: id, new: identity}}
    fields: {name: Name}
  firm:
    from: {file: firms.csv, key: No}
    to: {table: firms, key: {column: id, new: identity}}
    fields: {name: Name}
`)
		w.file("people.csv", "No,Name", "1,ann", "2,bob", "3,far too long")
		w.file("firms.csv", "No,Name", "1,ACME")
		w.file("cars.csv", "No,Type,Owner", "1,P,1", "2,F,1", "3,Q,2", "4,X,1", "5,,", "6,P,3", "7,F,3", "8,,1")
		out := w.run(run.Options{Records: 3})
		same(t, "ends", []string{
			"car:1 created", "car:2 created", "car:3 created", "car:4 failed: unknown-code in owner_id", "car:5 created",
			"car:6 blocked: parent-failed in owner_id", "car:7 failed: missing-parent in owner_id", "car:8 failed: unknown-code in owner_id",
		}, out.ends[4:])
		same(t, "owners", []string{"1|P|1", "2|F|2", "3|Q|2", "5|NULL|NULL"}, w.query("SELECT no, kind, owner_id FROM cars ORDER BY no"))
		same(t, "again", ledger.Counts{record.Unchanged: 4, record.Failed: 3, record.Blocked: 1}, w.run(run.Options{}).counts["car"])
		code, told, errs := w.cli("run", "--only", "car:2", "--dry-run")
		if code != 0 || !strings.Contains(told, `owner_id ← Owner, Type "1", "F"`) {
			t.Errorf("dry run: exit %d\n%s%s", code, told, errs)
		}
	})
}
