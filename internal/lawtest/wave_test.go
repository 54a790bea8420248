package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

var wave = run.Options{Mode: target.InsertOnly}

// TestA03KnownRows walks the design's table for records that the crosswalk
// knows, in a wave: no row that is there changes.
func TestA03KnownRows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		const (
			mend = "UPDATE persons SET name = 'by hand' WHERE legacy_id = '1'"
			drop = "DELETE FROM persons WHERE legacy_id = '1'"
		)
		for _, c := range []struct {
			name, policy string
			hand         string // what a person does to the row
			differs      bool   // the source changed
			end          string
			why          string // what the message names
			row          string
		}{
			{name: "equal", end: "skipped", row: "a@x|old"},
			{name: "differs", differs: true, end: "failed: already-converted", why: "run acme-0001", row: "a@x|old"},
			{name: "edited alone", hand: mend, end: "skipped", row: "a@x|by hand"},
			{name: "edited", hand: mend, differs: true, end: "failed: edited", why: "run acme-0001", row: "a@x|by hand"},
			{name: "edited, keep", policy: "edited: keep", hand: mend, differs: true, end: "skipped: edited", row: "a@x|by hand"},
			{name: "edited, overwrite", policy: "edited: overwrite", hand: mend, differs: true, end: "failed: edited", row: "a@x|by hand"},
			{name: "edited to the same", hand: "UPDATE persons SET name = 'new' WHERE legacy_id = '1'", differs: true, end: "skipped", row: "a@x|new"},
			{name: "missing", hand: drop, end: "failed: mapped-but-missing", why: "run acme-0001"},
			{name: "missing, differs", hand: drop, differs: true, end: "failed: mapped-but-missing", why: "run acme-0001"},
			{name: "missing, recreate", policy: "missing: recreate", hand: drop, end: "created", row: "a@x|old"},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := w.fresh(t, personTable)
				policy := "}"
				if c.policy != "" {
					policy = "}\n    " + c.policy
				}
				w.mapping(personMapping(policy))
				w.file("persons.csv", "No,Mail,Name", "1,a@x,old", "2,b@x,other")
				same(t, "first wave", []string{"person:1 created", "person:2 created"}, w.run(wave).ends)
				if c.hand != "" {
					w.do(c.hand)
				}
				if c.differs {
					w.file("persons.csv", "No,Mail,Name", "1,a@x,new", "2,b@x,other", "3,c@x,third")
				} else {
					w.file("persons.csv", "No,Mail,Name", "1,a@x,old", "2,b@x,other", "3,c@x,third")
				}
				out := w.run(wave)
				same(t, "second wave", []string{"person:1 " + c.end, "person:2 skipped", "person:3 created"}, out.ends)
				want := []string{}
				if c.row != "" {
					want = append(want, c.row)
				}
				same(t, "row", want, w.query("SELECT email, name FROM persons WHERE legacy_id = '1'"))
				if c.why != "" && !strings.Contains(out.entry(t, "1").Message, c.why) {
					t.Errorf("the message does not name %q: %s", c.why, out.entry(t, "1").Message)
				}
			})
		}
	})
}

// TestA03MatchingRows: rows that no run has written stay byte for byte what they
// are, whatever the mapping says of matches.
func TestA03MatchingRows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name, policy, end string
			role              string
		}{
			{name: "default", end: "failed: key-in-production in email"},
			{name: "reject", policy: "on_match: reject", end: "failed: key-in-production in email"},
			{name: "update", policy: "on_match: update", end: "failed: key-in-production in email"},
			{name: "link", policy: "on_match: link", end: "skipped", role: "l"},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := w.fresh(t, personTable, "INSERT INTO persons (email, name) VALUES ('a@x', 'Ann')")
				policy := ", match: [email]}"
				if c.policy != "" {
					policy += "\n    " + c.policy
				}
				w.mapping(personMapping(policy))
				w.file("persons.csv", "No,Mail,Name", "1,a@x,new", "2,b@x,other")
				same(t, "ends", []string{"person:1 " + c.end, "person:2 created"}, w.run(wave).ends)
				same(t, "rows", []string{"a@x|Ann|NULL", "b@x|other|2"}, w.query("SELECT email, name, legacy_id FROM persons ORDER BY email"))
			})
		}
		t.Run("several", func(t *testing.T) {
			w := w.fresh(t, "CREATE TABLE persons (id NUMBER, email varchar(40), name varchar(40), legacy_id varchar(20))",
				"INSERT INTO persons (email, name) VALUES ('a@x', 'Ann'), ('a@x', 'Bob')")
			w.mapping(personMapping(", match: [email]}\n    on_match: link"))
			w.file("persons.csv", "No,Mail,Name", "1,a@x,new", "2,b@x,other")
			same(t, "ends", []string{"person:1 failed: ambiguous in email", "person:2 created"}, w.run(wave).ends)
		})
	})
}

// TestA03KeyInProduction: a new row that resolves to the key of a row in
// production is rejected, and that row is as it was.
func TestA03KeyInProduction(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, key := range []string{"PRIMARY KEY", "NOT NULL UNIQUE"} {
			t.Run(key, func(t *testing.T) {
				w := w.fresh(t, "CREATE TABLE t2 (id integer "+key+", name varchar(9))", "INSERT INTO t2 VALUES (1001, 'Ann')")
				w.mapping(`  t2:
    from: {file: t2.csv, key: No}
    to: {table: t2, key: {column: id, new: natural}}
    fields: {id: No, name: Name}
`)
				w.file("t2.csv", "No,Name", "1001,Zoe", "1002,Bob")
				same(t, "wave", []string{"t2:1001 failed: key-in-production in id", "t2:1002 created"}, w.run(wave).ends)
				same(t, "rows", []string{"1001|Ann", "1002|Bob"}, w.query("SELECT id, name FROM t2 ORDER BY id"))
				w.file("t2.csv", "No,Name", "1002,Bill", "1003,Cy")
				out := w.run(wave)
				same(t, "next wave", []string{"t2:1002 failed: already-converted", "t2:1003 created"}, out.ends)
				if told := out.entry(t, "1002").Message; !strings.Contains(told, "run acme-0001") {
					t.Errorf("it does not name the wave that landed it: %s", told)
				}
				same(t, "rows", []string{"1001|Ann", "1002|Bob", "1003|Cy"}, w.query("SELECT id, name FROM t2 ORDER BY id"))
			})
		}
	})
}

// TestA03OthersRows: rows that people create while a wave runs are no change to
// what was there, and one that they change is.
func TestA03OthersRows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name, business string
			state          ledger.State
			others         int64
			says           string
		}{
			{name: "nobody", state: ledger.Completed},
			{name: "creates", business: "INSERT INTO persons (email, name) VALUES ('x@x', 'Xav'), ('y@x', 'Yan')", state: ledger.Completed, others: 2},
			{name: "changes", business: "UPDATE persons SET name = 'Ann B.' WHERE email = 'a@x'", state: ledger.Unreconciled, says: "has its 3 rows, and they are not what they were"},
			{name: "deletes", business: "DELETE FROM persons WHERE email = 'a@x'", state: ledger.Unreconciled, says: "must have 3 rows and has 2"},
			{name: "creates and changes", business: "INSERT INTO persons (email, name) VALUES ('x@x', 'Xav'); UPDATE persons SET name = 'Ann B.' WHERE email = 'a@x'", state: ledger.Unreconciled, says: "must have 3 rows and has 4"},
			{name: "deletes the wave's", business: "DELETE FROM persons WHERE email = 'b@x'", state: ledger.Unreconciled, says: "1 rows that this run wrote are gone: person:1 (row "},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := w.fresh(t, personTable, "INSERT INTO persons (email, name) VALUES ('a@x', 'Ann')")
				w.disturbed = true
				w.mapping(personMapping("}"))
				w.file("persons.csv", "No,Mail,Name", "1,b@x,Bob", "2,c@x,Cy")
				o := wave
				o.Points = func(p run.Point) {
					if p == run.PointEntityEnd && c.business != "" {
						w.do(strings.Split(c.business, "; ")...)
					}
				}
				result, err := w.try(o, run.Run)
				if (err != nil) != (c.state != ledger.Completed) || err != nil && !strings.Contains(err.Error(), c.says) {
					t.Fatalf("it ended with %v", err)
				}
				same(t, "state", c.state, result.Run.State)
				same(t, "records", ledger.Counts{record.Created: 2}, w.outcome(result).counts["person"])
				same(t, "rows by others", c.others, w.fingerprints(result.Run)["person"].Others.Rows)
			})
		}
	})
}

// TestA03OthersRowsInAnEmptyTable: where nothing was there, all rows are new,
// however narrow the key's column is.
func TestA03OthersRowsInAnEmptyTable(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, kind := range []string{"smallint", "integer", "bigint"} {
			t.Run(kind, func(t *testing.T) {
				w := w.fresh(t, "CREATE TABLE accounts (id "+kind+" PRIMARY KEY, legacy varchar(20), amount integer)")
				w.disturbed = true
				w.mapping(accountMapping(""))
				w.accounts("A", "B", "C")
				o := wave
				o.Points = func(p run.Point) {
					if p == run.PointEntityEnd {
						w.do("INSERT INTO accounts (id, legacy) VALUES (5000, 'x'), (-7, 'x')")
					}
				}
				result, err := w.try(o, run.Run)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "state", ledger.Completed, result.Run.State)
				same(t, "rows by others", int64(2), w.fingerprints(result.Run)["account"].Others.Rows)
			})
		}
	})
}
