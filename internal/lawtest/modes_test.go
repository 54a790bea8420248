package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/run"
	"landfall/internal/target"
)

const personTable = "CREATE TABLE persons (id NUMBER, email varchar(40) UNIQUE, name varchar(40), legacy_id varchar(20))"

func personMapping(more string) string {
	return `  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: identity}` + more + `
    fields: {email: Mail, name: Name, legacy_id: No}
`
}

// TestKnownRows walks the design's table for records that the crosswalk knows.
func TestKnownRows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		const (
			mend = "UPDATE persons SET name = 'by hand' WHERE legacy_id = '1'"
			drop = "DELETE FROM persons WHERE legacy_id = '1'"
		)
		for _, mode := range []target.Mode{target.Full, target.Delta} {
			for _, c := range []struct {
				name, policy string
				hand         string // what a person does to the row
				differs      bool   // the source changed
				end          string
				row          string
				before       string
			}{
				{name: "equal", end: "unchanged", row: "a@x|old"},
				{name: "differs", differs: true, end: "updated", row: "a@x|new", before: "old"},
				{name: "edited alone", hand: mend, end: "unchanged", row: "a@x|by hand"},
				{name: "edited", hand: mend, differs: true, end: "failed: edited", row: "a@x|by hand"},
				{name: "edited, reject", policy: "edited: reject", hand: mend, differs: true, end: "failed: edited", row: "a@x|by hand"},
				{name: "edited, keep", policy: "edited: keep", hand: mend, differs: true, end: "skipped: edited", row: "a@x|by hand"},
				{name: "edited, overwrite", policy: "edited: overwrite", hand: mend, differs: true, end: "updated", row: "a@x|new", before: "by hand"},
				{
					name: "edited to the same", hand: "UPDATE persons SET name = 'new' WHERE legacy_id = '1'", differs: true,
					end: "unchanged", row: "a@x|new",
				},
				{name: "missing", hand: drop, end: "failed: missing"},
				{name: "missing, differs", hand: drop, differs: true, end: "failed: missing"},
				{name: "missing, reject", policy: "missing: reject", hand: drop, differs: true, end: "failed: missing"},
				{name: "missing, recreate", policy: "missing: recreate", hand: drop, end: "created", row: "a@x|old"},
				{name: "missing, differs, recreate", policy: "missing: recreate", hand: drop, differs: true, end: "created", row: "a@x|new"},
			} {
				t.Run(string(mode)+"/"+c.name, func(t *testing.T) {
					w := w.fresh(t, personTable)
					policy := "}"
					if c.policy != "" {
						policy = "}\n    " + c.policy
					}
					w.mapping(personMapping(policy))
					w.file("persons.csv", "No,Mail,Name", "1,a@x,old", "2,b@x,other")
					same(t, "first run", []string{"person:1 created", "person:2 created"}, w.run(run.Options{Mode: mode}).ends)
					if c.hand != "" {
						w.do(c.hand)
					}
					if c.differs {
						w.file("persons.csv", "No,Mail,Name", "1,a@x,new", "2,b@x,other")
					}
					out := w.run(run.Options{Mode: mode})
					same(t, "second run", []string{"person:1 " + c.end, "person:2 unchanged"}, out.ends)
					want := []string{}
					if c.row != "" {
						want = append(want, c.row)
					}
					same(t, "row", want, w.query("SELECT email, name FROM persons WHERE legacy_id = '1'"))
					if c.before != "" && !strings.Contains(out.entry(t, "1").Before, fmt.Sprintf("%q:%q", "name", c.before)) {
						t.Errorf("before-image %s", out.entry(t, "1").Before)
					}
					if strings.HasPrefix(c.end, "failed") {
						return
					}
					again := strings.Fields(strings.ReplaceAll(c.end, ":", ""))[0]
					if again != "skipped" {
						again = "unchanged"
					}
					goods := w.query("SELECT * FROM persons ORDER BY id")
					third := w.run(run.Options{Mode: mode})
					if third.ends[1] != "person:2 unchanged" || !strings.HasPrefix(third.ends[0], "person:1 "+again) {
						t.Errorf("third run: %v", third.ends)
					}
					same(t, "rows after it", goods, w.query("SELECT * FROM persons ORDER BY id"))
				})
			}
		}
	})
}

// TestMatchedRows walks the table for records that nobody knows yet.
func TestMatchedRows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			mode      target.Mode
			policy    string
			end, role string
			row       string
			second    string // its end in a run after the source changed
		}{
			{mode: target.Full, end: "failed: match-exists in email", row: "a@x|there"},
			{mode: target.Full, policy: "reject", end: "failed: match-exists in email", row: "a@x|there"},
			{mode: target.Full, policy: "link", end: "skipped", role: "l", row: "a@x|there", second: "skipped"},
			{mode: target.Full, policy: "update", end: "updated", role: "a", row: "a@x|src", second: "updated"},
			{mode: target.Delta, end: "updated", role: "a", row: "a@x|src", second: "updated"},
			{mode: target.Delta, policy: "reject", end: "failed: match-exists in email", row: "a@x|there"},
			{mode: target.Delta, policy: "link", end: "skipped", role: "l", row: "a@x|there", second: "skipped"},
			{mode: target.Delta, policy: "update", end: "updated", role: "a", row: "a@x|src", second: "updated"},
		} {
			t.Run(string(c.mode)+"/"+c.policy, func(t *testing.T) {
				w := w.fresh(t, personTable, "INSERT INTO persons (email, name) VALUES ('a@x', 'there')")
				policy := ", match: [email]}"
				if c.policy != "" {
					policy += "\n    on_match: " + c.policy
				}
				w.mapping(personMapping(policy))
				w.file("persons.csv", "No,Mail,Name", "1,a@x,src", "2,b@x,other", "3,,blank", "4,,blank")
				out := w.run(run.Options{Mode: c.mode})
				same(t, "ends", []string{"person:1 " + c.end, "person:2 created", "person:3 created", "person:4 created"}, out.ends)
				same(t, "row", []string{c.row}, w.query("SELECT email, name FROM persons WHERE email = 'a@x'"))
				walk := w.crosswalk()
				if c.role == "" {
					if len(walk) != 3 {
						t.Errorf("crosswalk: %v", walk)
					}
					return
				}
				same(t, "crosswalk", "person|1|1|"+c.role+"|l", walk[0])
				if c.role == "a" && !strings.Contains(out.entry(t, "1").Before, `"name":"there"`) {
					t.Errorf("before-image %q", out.entry(t, "1").Before)
				}
				goods := w.query("SELECT * FROM persons ORDER BY id")
				second := w.run(run.Options{Mode: c.mode})
				for i, end := range second.ends {
					if !strings.Contains(end, "unchanged") && (i > 0 || c.role != "l" || !strings.HasSuffix(end, "skipped")) {
						t.Errorf("second run: %v", second.ends)
					}
				}
				same(t, "rows after it", goods, w.query("SELECT * FROM persons ORDER BY id"))
				w.file("persons.csv", "No,Mail,Name", "1,a@x,changed", "2,b@x,other", "3,,blank", "4,,blank")
				same(t, "changed", "person:1 "+c.second, w.run(run.Options{Mode: c.mode}).ends[0])
			})
		}
	})
}

// TestAmbiguousAndClaimed: a match must be one row, and nobody else's.
func TestAmbiguousAndClaimed(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE persons (id NUMBER, email varchar(40), name varchar(40), legacy_id varchar(20))",
			"INSERT INTO persons (email) VALUES ('twice@x'), ('twice@x'), ('once@x')")
		w.mapping(personMapping(", match: [email]}\n    on_match: update"))
		w.file("persons.csv", "No,Mail,Name", "1,twice@x,n", "2,once@x,n", "3,once@x,n", "4,new@x,n")
		same(t, "ends", []string{
			"person:1 failed: ambiguous in email", "person:2 updated", "person:3 failed: duplicate-key in email", "person:4 created",
		}, w.run(run.Options{}).ends)
		w.file("persons.csv", "No,Mail,Name", "2,once@x,n", "5,new@x,n", "6,once@x,n")
		out := w.run(run.Options{})
		same(t, "ends", []string{
			"person:2 unchanged", "person:5 failed: match-claimed in email", "person:6 failed: duplicate-key in email",
		}, out.ends)
		if message := out.entry(t, "5").Message; !strings.Contains(message, "person:4") {
			t.Errorf("the owner is not named: %s", message)
		}
	})
}

// TestMatchRegardlessOfCase: two records must not take over one row because it
// only spells them alike.
func TestMatchRegardlessOfCase(t *testing.T) {
	w := sqliteWorld(t)
	w.do("CREATE TABLE persons (id NUMBER, email varchar(40) COLLATE NOCASE, name varchar(40), legacy_id varchar(20))",
		"CREATE UNIQUE INDEX persons_email ON persons (email)", "INSERT INTO persons (email) VALUES ('A@x')")
	w.mapping(personMapping(", match: [email]}\n    on_match: update"))
	w.file("persons.csv", "No,Mail,Name", "1,a@X,first", "2,A@X,second", "3,b@x,n", "4,B@x,n")
	for _, records := range []int{0, 1} {
		w := w.fresh(t, "CREATE TABLE persons (id NUMBER, email varchar(40) COLLATE NOCASE, name varchar(40), legacy_id varchar(20))",
			"CREATE UNIQUE INDEX persons_email ON persons (email)", "INSERT INTO persons (email) VALUES ('A@x')")
		w.mapping(personMapping(", match: [email]}\n    on_match: update"))
		w.file("persons.csv", "No,Mail,Name", "1,a@X,first", "2,A@X,second", "3,b@x,n", "4,B@x,n")
		out := w.run(run.Options{Records: records})
		if out.ends[0] != "person:1 updated" || !strings.HasPrefix(out.ends[1], "person:2 failed") ||
			out.ends[2] != "person:3 created" || !strings.HasPrefix(out.ends[3], "person:4 failed") {
			t.Errorf("batches of %d: %v", records, out.ends)
		}
		same(t, "rows", []string{"a@X|first", "b@x|n"}, w.query("SELECT email, name FROM persons ORDER BY id"))
	}
}
