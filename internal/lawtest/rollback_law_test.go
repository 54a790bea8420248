package lawtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// forest draws an edition of nodes, which refer to each other, and of leaves.
func (w *world) forest(rt *rapid.T, label string) {
	code := func(n int) string { return string(rune('a' + n)) }
	nodes, leaves := []string{"ID,Parent,Code,Size"}, []string{"ID,Node,Name"}
	for n := range 8 {
		if rapid.IntRange(0, 5).Draw(rt, label) == 0 {
			continue
		}
		parent := ""
		if rapid.Bool().Draw(rt, label+" has a parent") {
			parent = fmt.Sprint(rapid.IntRange(0, 8).Draw(rt, label+" parent")) // 8 is none
		}
		name := code(n)
		// No node ever takes a code that another had: a load that has to give it back
		// then, since the parent of its new owner never came, is broken off.
		if label == "edition 0" && rapid.IntRange(0, 9).Draw(rt, label+" another code") == 0 {
			name = code(rapid.IntRange(8, 9).Draw(rt, label+" code"))
		}
		nodes = append(nodes, fmt.Sprintf("%d,%s,%s,%d", n, parent, name, rapid.IntRange(1, 2).Draw(rt, label+" size")))
	}
	for n := range 6 {
		if rapid.IntRange(0, 3).Draw(rt, label+" leaf") > 0 {
			leaves = append(leaves, fmt.Sprintf("%d,%d,%s", n, rapid.IntRange(0, 7).Draw(rt, label+" node"), code(rapid.IntRange(0, 1).Draw(rt, label+" name"))))
		}
	}
	w.file("nodes.csv", nodes...)
	w.file("leaves.csv", leaves...)
}

// forestRows are all rows with the keys of others replaced by their codes.
const (
	forestRows = "SELECT 'node', n.id, n.parent_id, n.code, n.size, n.note FROM nodes n UNION ALL SELECT 'leaf', id, node_id, name, 0, '' FROM leaves ORDER BY 1, 2"
	forestTold = `SELECT 'node', n.code, p.code, n.size, n.note FROM nodes n LEFT JOIN nodes p ON p.id = n.parent_id
  UNION ALL SELECT 'leaf', l.name, n.code, 0, '' FROM leaves l JOIN nodes n ON n.id = l.node_id ORDER BY 1, 2, 3, 4, 5`
)

func (w *world) forestOf(t *testing.T, onMatch, missing, edited string) *world {
	w = w.fresh(t, "CREATE TABLE nodes (id NUMBER, parent_id bigint REFERENCES nodes (id), code varchar(9) UNIQUE, size integer CHECK (size > 0), note text DEFAULT 'x')",
		"CREATE TABLE leaves (id NUMBER, node_id bigint NOT NULL REFERENCES nodes (id), name text)",
		"INSERT INTO nodes (code, size, note) VALUES ('b', 9, 'before'), ('e', 9, 'before')")
	w.mapping(`  node:
    from: {file: nodes.csv, key: ID}
    to: {table: nodes, key: {column: id, new: identity}, match: [code]}
    on_match: ` + onMatch + `
    missing: ` + missing + `
    edited: ` + edited + `
    fields: {parent_id: {ref: node, from: Parent}, code: Code, size: Size}
  leaf:
    from: {file: leaves.csv, key: ID}
    to: {table: leaves, key: {column: id, new: identity}}
    missing: ` + missing + `
    fields: {node_id: {ref: node, from: Node}, name: Name}
`)
	return w
}

// burnt leaves out entries of records that the crosswalk did not know before, and
// that are rolled back now, or were taken back by their own run.
func burnt(before, now []string) []string {
	known := map[string]bool{}
	key := func(entry string) string { return strings.Join(strings.SplitN(entry, "|", 3)[:2], "|") }
	for _, entry := range before {
		known[key(entry)] = true
	}
	return slices.DeleteFunc(slices.Clone(now), func(entry string) bool {
		role, state := strings.Split(entry, "|")[2], strings.Split(entry, "|")[3]
		return !known[key(entry)] && role == "c" && (state == "b" || state == "d")
	})
}

// Undoing the last run leaves what was there before it, whatever it did; and
// loading again comes to what it had come to.
func TestLoadRollBackLoadAgain(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		checks := 0
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > 8 && !t.Failed() {
				return // each takes several runs
			}
			w := w.forestOf(t, rapid.SampledFrom([]string{"link", "update"}).Draw(rt, "on_match"),
				rapid.SampledFrom([]string{"reject", "recreate"}).Draw(rt, "missing"), rapid.SampledFrom([]string{"keep", "overwrite", "reject"}).Draw(rt, "edited"))
			o := run.Options{Records: rapid.IntRange(1, 5).Draw(rt, "batch")}
			rounds := rapid.IntRange(1, 3).Draw(rt, "runs")
			for round := range rounds {
				if round > 0 && rapid.Bool().Draw(rt, "people") {
					w.do("UPDATE nodes SET size = 5 WHERE code IN ('c', 'd')", "DELETE FROM leaves WHERE name = 'a'")
				}
				w.forest(rt, fmt.Sprint("edition ", round))
				rows, crosswalk := w.query(forestRows), []string{}
				if round > 0 {
					crosswalk = w.wholeCrosswalk()
				}
				done := w.run(o)
				made := w.query(forestTold)
				back := w.rollback(rollback.Options{Run: done.Run.Name})
				for entity, counts := range back.counts {
					if counts.Total() != counts["reversed"] {
						rt.Errorf("%s of %s: %v\n%v", entity, done.Run.Name, counts, back.ends)
					}
				}
				agree(rt, "rows after undoing", rows, w.query(forestRows))
				agree(rt, "the crosswalk after undoing", crosswalk, burnt(crosswalk, w.wholeCrosswalk()))
				agree(rt, "former entries that are left", []string{"0"}, w.query(fmt.Sprint("SELECT count(*) FROM ", w.books("former"), " WHERE run_id = ", done.Run.ID)))
				w.run(o)
				agree(rt, "rows loaded again", made, w.query(forestTold))
			}
		})
	})
}

// The same for keys that the records bring along, and that move about.
func TestRollBackMovedKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		checks := 0
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > 6 && !t.Failed() {
				return
			}
			w := w.fresh(t, thingTable)
			missing := rapid.SampledFrom([]string{"reject", "recreate"}).Draw(rt, "missing")
			o := run.Options{Records: rapid.IntRange(1, 7).Draw(rt, "batch")}
			for round := range 4 {
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
				rows, crosswalk := w.query("SELECT * FROM things ORDER BY code, part"), []string{}
				if round > 0 {
					crosswalk = w.wholeCrosswalk()
				}
				done := w.run(o)
				back := w.rollback(rollback.Options{Run: done.Run.Name})
				for entity, counts := range back.counts {
					if counts.Total() != counts["reversed"] {
						rt.Errorf("%s of %s: %v\n%v", entity, done.Run.Name, counts, back.ends)
					}
				}
				agree(rt, "rows after undoing", rows, w.query("SELECT * FROM things ORDER BY code, part"))
				agree(rt, "the crosswalk after undoing", crosswalk, burnt(crosswalk, w.wholeCrosswalk()))
				w.run(o)
			}
		})
	})
}
