package lawtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"landfall/internal/run"
)

const thingTable = "CREATE TABLE things (code varchar(9), part varchar(9), name varchar(9), legacy varchar(9), PRIMARY KEY (code, part))"

func (w *world) things(policy string, lines ...string) {
	w.mapping(`  thing:
    from: {file: things.csv, key: No}
    to: {table: things, key: {columns: [code, part], new: natural}}` + policy + `
    fields: {code: Code, part: Part, name: Name, legacy: No}
`)
	w.file("things.csv", append([]string{"No,Code,Part,Name"}, lines...)...)
}

// oneToOne holds the live entries of the crosswalk against the rows.
func (w *world) oneToOne(t interface {
	Helper()
	Errorf(format string, args ...any)
}, gone map[string]bool,
) {
	t.Helper()
	var live []string
	for _, entry := range w.crosswalk() {
		cells := strings.Split(entry, "|")
		if cells[len(cells)-1] == "l" && !gone[cells[1]] {
			live = append(live, strings.Join(cells[1:4], "|"))
		}
	}
	rows := w.query("SELECT legacy, code, part FROM things")
	slices.Sort(rows)
	slices.Sort(live)
	if !slices.Equal(rows, live) {
		t.Errorf("rows %v, entries that live %v", rows, live)
	}
}

// TestMovedNaturalKeys: a key that another record gives up may be taken, and
// what the target refuses is one record's fault.
func TestMovedNaturalKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, lanes := range []int{1, 3} {
			w := w.fresh(t, thingTable)
			w.things("", "1,X,p,n", "2,Y,p,n", "3,K,p,n")
			w.run(run.Options{})
			w.things("", "1,Y,p,n", "2,Z,p,n", "3,K,p,m")
			same(t, "handed on", []string{"thing:1 updated", "thing:2 updated", "thing:3 updated"}, w.run(run.Options{Lanes: lanes}).ends)
			w.oneToOne(t, nil)
			w.things("", "1,Z,p,n", "2,Y,p,n", "3,K,p,n")
			swap := w.run(run.Options{Lanes: lanes}).ends
			if swap[2] != "thing:3 updated" {
				t.Errorf("a swap: %v", swap)
			}
			w.oneToOne(t, nil)
			w.do("DELETE FROM things WHERE code = 'K'")
			w.things("", "4,K,p,n")
			out := w.run(run.Options{Lanes: lanes})
			same(t, "a key whose row is gone", []string{"thing:4 created"}, out.ends)
			if told := out.entry(t, "4").Message; !strings.Contains(told, "thing:3") {
				t.Errorf("the ledger tells %q", told)
			}
			w.oneToOne(t, nil)
			w.things("", "3,K,p,n", "4,K,q,n")
			w.run(run.Options{Lanes: lanes})
			out = w.run(run.Options{Lanes: lanes})
			same(t, "the old record again", []string{"thing:3 created", "thing:4 unchanged"}, []string{strings.Replace(out.ends[0], "unchanged", "created", 1), out.ends[1]})
			w.oneToOne(t, nil)
		}
	})
}

// TestMovesNeverBreakRuns moves keys about at random, and deletes rows.
func TestMovesNeverBreakRuns(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		checks := 0
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > 12 && !t.Failed() {
				return // each takes several runs
			}
			w := w.fresh(t, thingTable)
			missing := rapid.SampledFrom([]string{"reject", "recreate"}).Draw(rt, "missing")
			o := run.Options{Records: rapid.IntRange(1, 7).Draw(rt, "batch"), Lanes: rapid.IntRange(1, 3).Draw(rt, "lanes")}
			for round := range 3 {
				codes := rapid.Permutation([]string{"A,p", "A,q", "B,p", "B,q", "C,p", "C,q", "D,p", "D,q"}).Draw(rt, "codes")
				var lines []string
				for no := range 6 {
					if rapid.IntRange(0, 4).Draw(rt, "there") > 0 {
						lines = append(lines, fmt.Sprintf("%d,%s,n", no, codes[no]))
					}
				}
				if round > 0 && rapid.Bool().Draw(rt, "by hand") {
					w.do("DELETE FROM things WHERE part = 'p'")
				}
				w.things("\n    missing: "+missing, lines...)
				// Who waits for a key of a later batch gets it in a later run.
				for range 8 {
					w.run(o)
				}
				before, books := w.query("SELECT * FROM things ORDER BY code, part"), w.crosswalk()
				w.run(o)
				agree(rt, "rows after a further run", before, w.query("SELECT * FROM things ORDER BY code, part"))
				agree(rt, "the crosswalk after it", books, w.crosswalk())
				there := map[string]bool{}
				for _, legacy := range w.query("SELECT legacy FROM things") {
					there[legacy] = true
				}
				gone := map[string]bool{}
				for no := range 6 {
					gone[fmt.Sprint(no)] = !there[fmt.Sprint(no)]
				}
				w.oneToOne(rt, gone)
			}
		})
	})
}

// TestKeysTooLongToIndex: what the books cannot index is one record's fault.
func TestKeysTooLongToIndex(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		noise := make([]byte, 4000)
		for i := range noise {
			noise[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[rand.IntN(62)]
		}
		long := string(noise)
		w.do("CREATE TABLE persons (id NUMBER, name text)", "CREATE TABLE notes (code text UNIQUE, person_id bigint)")
		w.mapping(`  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: identity}}
    fields: {name: Name}
  note:
    from: {file: notes.csv, key: No}
    to: {table: notes, key: {column: code, new: natural}}
    fields: {code: Code, person_id: {ref: person, from: Name, by: Name}}
`)
		w.file("persons.csv", "No,Name", "1,"+long, long+"x,two", long+"y,three", "4,four", long[:2400]+",five")
		w.file("notes.csv", "No,Code,Name", "1,a,four", "2,"+long[:2600]+",four", "3,c,"+long, "4,,four")
		out := w.run(run.Options{})
		for i, end := range out.ends {
			if name, rest, _ := strings.Cut(end, " "); len(name) > 1000 {
				out.ends[i] = "thing of its own " + rest
			} else if len(name) > 200 {
				out.ends[i] = "cut " + rest
			}
		}
		same(t, "ends", []string{
			"person:1 created", "cut failed: too-long", "cut failed: too-long", "person:4 created", "thing of its own created",
			"note:1 created", "note:2 failed: too-long in code", "note:3 failed: missing-parent in person_id", "note:4 failed: not-null in code",
		}, out.ends)
		w.run(run.Options{RetryOpen: true})
		if open := w.run(run.Options{}).counts["person"]; open["failed"] != 2 || open["unchanged"] != 3 {
			t.Errorf("again: %v", open)
		}
	})
}
