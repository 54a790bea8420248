package lawtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

var repeating = []string{
	"No,Mail,Name",
	"1,a@x,one",
	"2,b@x,two",
	"3,a@x,three",
	"4,c@x,four",
	"2,d@x,five",
	"6,a@x,six",
	"7,,seven",
	"8,,eight",
}

// TestRepeatPolicies: of records that agree in their key, or in what the target
// wants unique, the mapping says which goes on; it is always the same one, in a
// run that was broken off, over single records, or in a plan, and what does not go
// on names the one that does.
func TestRepeatPolicies(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for policy, want := range map[string]struct{ ends, rows []string }{
			"fail": {
				[]string{"person:1 created", "person:2 created", "person:3 failed: duplicate-key in email", "person:4 created", "person:2 failed: duplicate-key", "person:6 failed: duplicate-key in email", "person:7 created", "person:8 created"},
				[]string{"1|a@x|one", "2|b@x|two", "4|c@x|four", "7|NULL|seven", "8|NULL|eight"},
			},
			"first": {
				[]string{"person:1 created", "person:2 created", "person:3 duplicate: repeated in email", "person:4 created", "person:2 duplicate: repeated", "person:6 duplicate: repeated in email", "person:7 created", "person:8 created"},
				[]string{"1|a@x|one", "2|b@x|two", "4|c@x|four", "7|NULL|seven", "8|NULL|eight"},
			},
			"last": {
				[]string{"person:1 duplicate: repeated in email", "person:2 duplicate: repeated", "person:3 duplicate: repeated in email", "person:4 created", "person:2 created", "person:6 created", "person:7 created", "person:8 created"},
				[]string{"2|d@x|five", "4|c@x|four", "6|a@x|six", "7|NULL|seven", "8|NULL|eight"},
			},
		} {
			t.Run(policy, func(t *testing.T) {
				w := w.fresh(t, personTable)
				w.mapping(personMapping("}\n    repeats: " + policy))
				w.file("persons.csv", repeating...)
				rows := "SELECT legacy_id, email, name FROM persons ORDER BY legacy_id"
				small := run.Options{Records: 2, Lanes: 3}
				if policy != "fail" {
					only := w.run(run.Options{Only: []record.Ref{ref("person:1"), ref("person:2"), ref("person:3")}})
					var ends []string
					for _, end := range want.ends {
						if strings.HasPrefix(end, "person:1 ") || strings.HasPrefix(end, "person:2 ") || strings.HasPrefix(end, "person:3 ") {
							ends = append(ends, end)
						}
					}
					same(t, "single records", ends, only.ends)
				}
				stop, stopped := make(chan struct{}), false
				result, err := w.try(run.Options{Records: 2, Stop: stop, Observe: func(e run.Event) {
					if e.Kind == run.EventBatch && !stopped {
						stopped = true
						close(stop)
					}
				}}, run.Run)
				if err != nil || !result.Stopped {
					t.Fatalf("the run was to be stopped: %v", err)
				}
				if result, err = w.try(run.Options{}, run.Resume); err != nil {
					t.Fatal(err)
				}
				goods := w.outcome(result)
				ends := append([]string(nil), want.ends...)
				if policy != "fail" {
					for i := range ends { // the run over single records has landed them
						if key := strings.Fields(ends[i])[0]; key <= "person:3" {
							ends[i] = strings.Replace(ends[i], " created", " unchanged", 1)
						}
					}
				}
				same(t, "ends", ends, goods.ends)
				same(t, "rows", want.rows, w.query(rows))
				for i := range ends {
					ends[i] = strings.Replace(ends[i], " created", " unchanged", 1)
				}
				second := w.foreseen("second run", small)
				same(t, "second run", ends, second.ends)
				same(t, "rows after it", want.rows, w.query(rows))
				if policy != "fail" {
					if code, out, errs := w.cli("reconcile"); code != 0 {
						t.Errorf("reconcile ended with %d: %s%s", code, out, errs)
					}
					same(t, "retried", []string{}, w.run(run.Options{RetryOpen: true}).ends)
				}
				if policy == "last" {
					message := goods.entry(t, "3").Message
					if !strings.Contains(message, "line 7 (person:6) comes last") {
						t.Errorf("what is said of a duplicate: %s", message)
					}
				}
			})
		}
	})
}

// TestRepeatsAreRefused: with `repeats: refuse` nothing is written, not even
// books, and every record that repeats another is told with its line.
func TestRepeatsAreRefused(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(strings.Replace(personTable, "varchar(40) UNIQUE", "varchar(40)", 1))
		w.mapping(personMapping(", match: [email]}\n    repeats: refuse"))
		w.file("persons.csv", repeating...)
		var told []string
		o := run.Options{Mode: target.Delta, Observe: func(e run.Event) {
			if e.Kind == run.EventRepeat {
				told = append(told, e.Message)
			}
		}}
		_, err := w.try(o, run.Run)
		var refused *run.RepeatsError
		if !errors.As(err, &refused) || refused.Repeated != 3 || refused.Read != 8 {
			t.Fatalf("the run was to be refused: %v", err)
		}
		want := []string{
			"line 4 (person:3) brings the same email as line 2 (person:1)",
			"line 6 (person:2) brings the same key as line 3 (person:2)",
			"line 7 (person:6) brings the same email as line 2 (person:1)",
		}
		same(t, "told", want, told)
		same(t, "rows", []string{}, w.query("SELECT * FROM persons"))
		if _, err := w.foresee(run.Options{}); !errors.As(err, &refused) {
			t.Errorf("the plan was to be refused: %v", err)
		}
		code, out, errs := w.cli("run", "--mode", "delta")
		if code != 2 || !strings.Contains(out+errs, want[2]) {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
		w.file("persons.csv", "No,Mail,Name", "1,a@x,one", "2,b@x,two")
		same(t, "nothing repeats", []string{"person:1 created", "person:2 created"}, w.run(run.Options{Mode: target.Delta}).ends)
	})
}

// TestLastOfMany: the last of many is found whatever the lanes, across files, and
// where more is put aside than memory holds; a record between two that agree with
// it in different columns lets go on what only it agrees with.
func TestLastOfMany(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE persons (id NUMBER, email varchar(40) UNIQUE, card varchar(40) UNIQUE, name varchar(400), legacy_id varchar(20))")
		w.mapping(`  person:
    from: {file: "persons-*.csv", key: No}
    to: {table: persons, key: {column: id, new: identity}}
    repeats: last
    fields: {email: Mail, card: Card, name: Name, legacy_id: No}
`)
		const each = 4000
		for file := range 3 {
			lines := []string{"No,Mail,Card,Name"}
			for i := range each {
				lines = append(lines, fmt.Sprintf("%d-%d,%d@x,%d-%d,%s", file, i, i, file, i, strings.Repeat("n", 100)))
			}
			w.file(fmt.Sprintf("persons-%d.csv", file), lines...)
		}
		// a agrees with b in its address, and b with c in its card: b makes room for c,
		// and a for nobody.
		w.file("persons-3.csv", "No,Mail,Card,Name", "a,ab@x,a,n", "b,ab@x,bc,n", "c,c@x,bc,n")
		out := w.run(run.Options{Lanes: 4, Records: 500})
		if c := out.counts["person"]; c[record.Created] != each+2 || c[record.Duplicate] != 2*each+1 {
			t.Errorf("counts: %v", c)
		}
		same(t, "survivors", []string{fmt.Sprint(each)}, w.query("SELECT count(*) FROM persons WHERE legacy_id LIKE '2-%'"))
		same(t, "in between", []string{"a", "c"}, w.query("SELECT legacy_id FROM persons WHERE legacy_id IN ('a', 'b', 'c') ORDER BY legacy_id"))
	})
}
