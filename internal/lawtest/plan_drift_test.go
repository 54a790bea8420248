package lawtest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"landfall/internal/plan"
	"landfall/internal/run"
	"landfall/internal/target"
)

// TestA02DriftInAWave: what the target takes against the plan goes back, and the
// fingerprint of the wave counts it no more.
func TestA02DriftInAWave(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE people (id NUMBER, name varchar(9), email varchar(9) UNIQUE)", "INSERT INTO people (name, email) VALUES ('old', 'b')")
		w.mapping("  person:\n    from: {file: people.csv, key: No}\n    to: {table: people, key: {column: id, new: identity}}\n    fields: {name: Name, email: Mail}\n")
		w.file("people.csv", "No,Name,Mail", "1,ann,a", "2,bob,b", "3,cid,c")
		_, path := w.planned(run.Options{Mode: target.InsertOnly})
		w.do("UPDATE people SET email = 'free'")
		out, err := w.carryOut(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ends", []string{"person:1 created", "person:2 failed: plan-drift", "person:3 created"}, out.ends)
		same(t, "people", []string{"ann|a", "cid|c", "old|free"}, w.query("SELECT name, email FROM people ORDER BY name"))
	})
}

// plannedEnds are the ends that a plan's records have, as outcome tells those of
// a run.
func plannedEnds(t testing.TB, path string) []string {
	t.Helper()
	records, err := plan.OpenRecords(path)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	ends := []string{}
	for {
		f, err := records.Next()
		if errors.Is(err, io.EOF) {
			return ends
		}
		if err != nil {
			t.Fatal(err)
		}
		end := fmt.Sprintf("%s %s", f.Ref, f.Disposition)
		if f.Code != "" {
			end += ": " + string(f.Code)
		}
		if f.Field != "" {
			end += " in " + f.Field
		}
		ends = append(ends, end)
	}
}

// TestA02DriftOfWhatRecordsStandOn: a record whose content and whose row are as
// planned, and that would refer to another row, hold what another row holds, or be
// another row than planned, is not written, nor what refers to it; all that stands
// on what it stood on lands.
func TestA02DriftOfWhatRecordsStandOn(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do("CREATE TABLE cur (id integer PRIMARY KEY, iso varchar(3) UNIQUE)", "INSERT INTO cur VALUES (1, 'EUR'), (2, 'USD'), (3, 'CHF')",
			"CREATE TABLE people (id NUMBER, name varchar(9), mail varchar(9) UNIQUE, cur_id integer REFERENCES cur (id))",
			"CREATE TABLE jobs (id NUMBER, person_id bigint NOT NULL REFERENCES people (id), text varchar(9))",
			"INSERT INTO people (name, mail) VALUES ('one', 'b'), ('two', 'c'), ('three', 'x')")
		w.mapping(`  person:
    from: {file: people.csv, key: No}
    to: {table: people, key: {column: id, new: identity}, match: [mail]}
    on_match: link
    fields: {name: Name, mail: Mail, cur_id: {lookup: cur, where: {iso: Cur}, take: id}}
  job:
    from: {file: jobs.csv, key: No}
    to: {table: jobs, key: {column: id, new: identity}}
    fields: {person_id: {ref: person, from: Person}, text: Text}
`)
		w.file("people.csv", "No,Name,Mail,Cur", "1,ann,a,EUR", "2,bob,b,CHF", "3,cid,c,CHF", "4,dan,d,CHF", "5,eve,e,USD")
		w.file("jobs.csv", "No,Person,Text", "1,1,p", "2,2,q", "3,3,r", "4,4,s")
		_, path := w.planned(run.Options{Records: 2})
		same(t, "planned", []string{
			"person:1 created", "person:2 skipped", "person:3 skipped", "person:4 created", "person:5 created",
			"job:1 created", "job:2 created", "job:3 created", "job:4 created",
		}, plannedEnds(t, path))
		w.do("UPDATE cur SET iso = 'x' WHERE id = 1", "UPDATE cur SET iso = 'EUR' WHERE id = 2", "UPDATE cur SET iso = 'USD' WHERE id = 1",
			"UPDATE people SET mail = 'y' WHERE mail = 'b'", "UPDATE people SET mail = 'b' WHERE mail = 'x'")
		out, err := w.carryOut(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ends", []string{
			"person:1 failed: plan-drift in cur_id", "person:2 failed: plan-drift in mail", "person:3 skipped", "person:4 created", "person:5 failed: plan-drift in cur_id",
			"job:1 blocked: parent-failed in person_id", "job:2 blocked: parent-failed in person_id", "job:3 created", "job:4 created",
		}, out.ends)
		for key, words := range map[string]string{
			"1": "planned: created; found: created: with what another row of", "2": "planned: skipped; found: skipped: of row 3, which is another one than when it was planned",
		} {
			if told := out.entry(t, key); !strings.Contains(told.Message, words) {
				t.Errorf("person:%s: %s", key, told.Message)
			}
		}
		same(t, "people", []string{"dan|3", "one|NULL", "three|NULL", "two|NULL"}, w.query("SELECT name, cur_id FROM people ORDER BY name"))

		// Of records that are known, too: what they would be given moved.
		w.do("UPDATE cur SET iso = 'x' WHERE id = 3", "UPDATE cur SET iso = 'CHF' WHERE id = 1")
		w.file("people.csv", "No,Name,Mail,Cur", "4,dana,d,CHF", "6,fay,f,EUR")
		w.file("jobs.csv", "No,Person,Text", "3,3,r", "4,4,t", "5,6,u")
		_, path = w.planned(run.Options{})
		w.do("UPDATE cur SET iso = 'z' WHERE id = 1", "UPDATE cur SET iso = 'CHF' WHERE id = 3")
		if out, err = w.carryOut(path); err != nil {
			t.Fatal(err)
		}
		same(t, "ends", []string{
			"person:4 failed: plan-drift in cur_id", "person:6 created", "job:3 unchanged", "job:4 updated", "job:5 created",
		}, out.ends)
	})
}

// TestA02BlockedWithinItsBatch: what refers to a record of its batch that the
// target refuses, as planned, is blocked as planned; where the target takes that
// one against the plan, none of them is written.
func TestA02BlockedWithinItsBatch(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do(staffTable, "INSERT INTO staff (name) VALUES ('dan')")
		w.mapping(fmt.Sprintf(staffMapping, ""))
		w.file("staff.csv", "No,Boss,Name", "1,,bad", "2,1,bob", "3,2,cid", "4,,dan", "5,4,eve", "6,5,fay", "7,,gus")
		_, path := w.planned(run.Options{})
		blocked := func(no string) string { return "staff:" + no + " blocked: parent-failed in boss_id" }
		ends := []string{"staff:1 failed: check in name", blocked("2"), blocked("3"), "staff:4 failed: unique in name", blocked("5"), blocked("6"), "staff:7 created"}
		same(t, "planned", ends, plannedEnds(t, path))
		w.do("UPDATE staff SET name = 'free'")
		out, err := w.carryOut(path)
		if err != nil {
			t.Fatal(err)
		}
		ends[3] = "staff:4 failed: plan-drift"
		same(t, "ends", ends, out.ends)
		same(t, "staff", []string{"free", "gus"}, w.query("SELECT name FROM staff ORDER BY name"))
	})
}
