package lawtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"landfall/internal/run"
)

// twoTables are T2 and T1, which refers to it, as the rules for incremental
// conversion name them; the reference is declared or not, and optional.
func twoTables(declared bool) []string {
	reference := ""
	if declared {
		reference = " REFERENCES t2 (id)"
	}
	return []string{
		"CREATE TABLE t2 (id NUMBER, name varchar(9), legacy varchar(9) UNIQUE)",
		"CREATE TABLE t1 (id NUMBER, ref bigint" + reference + ", amt decimal(9,2), legacy varchar(9))",
	}
}

const twoTablesMapping = `  t2:
    from: {file: t2.csv, key: No}
    to: {table: t2, key: {column: id, new: identity}}
    fields: {name: Name, legacy: No}
  t1:
    from: {file: t1.csv, key: No}
    to: {table: t1, key: {column: id, new: identity}}
    fields: {ref: {ref: t2, from: Ref}, amt: Amt, legacy: No}
`

// TestA07References: each row of the table of references, with a foreign key
// and without one.
func TestA07References(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, declared := range []bool{true, false} {
			t.Run(fmt.Sprintf("declared %v", declared), func(t *testing.T) {
				w := w.fresh(t, twoTables(declared)...)
				w.mapping(twoTablesMapping)
				w.file("t2.csv", "No,Name", "L20,a", "L21,b")
				w.file("t1.csv", "No,Ref,Amt")
				w.run(wave)
				w.do("DELETE FROM t2 WHERE legacy = 'L21'")
				w.file("t2.csv", "No,Name", "L22,c", "L23,far too long")
				w.file("t1.csv", "No,Ref,Amt", "1,L20,10", "2,L99,1", "3,L21,5", "4,,7", "5,L22,8", "6,L23,9")
				out := w.run(wave)
				same(t, "ends", []string{
					"t2:L22 created", "t2:L23 failed: too-long in name",
					"t1:1 created",
					"t1:2 failed: missing-parent in ref",
					"t1:3 blocked: mapped-but-missing in ref",
					"t1:4 created",
					"t1:5 created",
					"t1:6 blocked: parent-failed in ref",
				}, out.ends)
				same(t, "rows", []string{"1|a", "4|NULL", "5|c"}, w.query("SELECT t1.legacy, t2.name FROM t1 LEFT JOIN t2 ON t2.id = t1.ref ORDER BY t1.legacy"))
				for key, cause := range map[string]string{"2": "t2:L99", "3": "t2:L21 became row 2", "6": "t2:L23 did not land: failed, too-long in name (run acme-0002)"} {
					if told := out.entry(t, key).Message; !strings.Contains(told, cause) {
						t.Errorf("record %s does not name its cause %q: %s", key, cause, told)
					}
				}
				// What was mended lands by a retry, which is a wave, too.
				w.do("INSERT INTO t2 (id, name, legacy) VALUES (2, 'b', 'L21')")
				w.file("t2.csv", "No,Name", "L22,c", "L23,d")
				retried := w.run(run.Options{RetryOpen: true})
				same(t, "retried", []string{"t2:L23 created", "t1:2 failed: missing-parent in ref", "t1:3 created", "t1:6 created"}, retried.ends)
				same(t, "mode", "insert-only", retried.Run.Mode)
			})
		}
	})
}

// TestA07AllReferencesEmpty: where no record of the parent was ever read and all
// references are empty, all rows land.
func TestA07AllReferencesEmpty(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(twoTables(true)...)
		w.mapping(twoTablesMapping)
		w.file("t2.csv", "No,Name")
		lines, ends := []string{"No,Ref,Amt"}, []string{}
		for i := range 25 {
			lines, ends = append(lines, fmt.Sprintf("%d,%s,1", i, strings.Repeat(" ", i%3))), append(ends, fmt.Sprintf("t1:%d created", i))
		}
		w.file("t1.csv", lines...)
		o := wave
		o.Records = 4
		same(t, "ends", ends, w.run(o).ends)
		same(t, "rows", []string{"25|25"}, w.query("SELECT count(*), sum(CASE WHEN ref IS NULL THEN 1 ELSE 0 END) FROM t1"))
	})
}

// TestA07LinkAndAmbiguous: a parent that nobody migrated is found by a match,
// and one that is meant by what several share is not.
func TestA07LinkAndAmbiguous(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(twoTables(true)...)
		w.do("INSERT INTO t2 (name, legacy) VALUES ('live', 'L1')")
		w.mapping(`  t2:
    from: {file: t2.csv, key: No}
    to: {table: t2, key: {column: id, new: identity}, match: [legacy]}
    on_match: link
    fields: {name: Name, legacy: No}
  t1:
    from: {file: t1.csv, key: No}
    to: {table: t1, key: {column: id, new: identity}}
    fields: {ref: {ref: t2, by: Name, from: Ref}, amt: Amt, legacy: No}
`)
		w.file("t2.csv", "No,Name", "L1,one", "L2,two", "L3,two")
		w.file("t1.csv", "No,Ref,Amt", "1,one,1", "2,two,1", "3,three,1")
		same(t, "ends", []string{
			"t2:L1 skipped", "t2:L2 created", "t2:L3 created",
			"t1:1 created", "t1:2 failed: ambiguous in ref", "t1:3 failed: missing-parent in ref",
		}, w.run(wave).ends)
		same(t, "rows", []string{"live|L1|1"}, w.query("SELECT t2.name, t2.legacy, t1.legacy FROM t1 JOIN t2 ON t2.id = t1.ref"))
	})
}

// TestA07VanishedInOtherModes: also where rows may change, no new row refers to
// one that is gone, whether the target would notice or not.
func TestA07VanishedInOtherModes(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(twoTables(false)...)
		w.mapping(twoTablesMapping)
		w.file("t2.csv", "No,Name", "L20,a", "L21,b")
		w.file("t1.csv", "No,Ref,Amt", "1,L21,1")
		w.run(run.Options{})
		w.do("DELETE FROM t2 WHERE legacy = 'L21'")
		w.file("t1.csv", "No,Ref,Amt", "1,L21,1", "2,L21,2")
		ends := w.run(run.Options{}).ends
		same(t, "ends", []string{"t1:1 unchanged", "t1:2 blocked: mapped-but-missing in ref"}, ends[2:])
	})
}

// TestA07ForwardReferences: within a batch records may refer to each other; to
// one of a later batch they may not, since nothing is filled in afterwards. A
// retry lands them.
func TestA07ForwardReferences(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE people (id NUMBER, boss bigint REFERENCES people (id), legacy varchar(9))")
		w.mapping(`  person:
    from: {file: people.csv, key: No}
    to: {table: people, key: {column: id, new: identity}}
    fields: {boss: {ref: person, from: Boss}, legacy: No}
`)
		w.file("people.csv", "No,Boss", "1,2", "2,", "3,4", "4,3", "5,6", "6,", "7,5")
		o := wave
		o.Records = 5
		out := w.run(o)
		same(t, "ends", []string{"person:1 created", "person:2 created", "person:3 created", "person:4 created", "person:5 blocked: parent-later in boss", "person:6 created", "person:7 blocked: parent-failed in boss"}, out.ends)
		same(t, "retried", []string{"person:5 created", "person:7 created"}, w.run(run.Options{RetryOpen: true}).ends)
		rows := w.query("SELECT p.legacy, b.legacy FROM people p LEFT JOIN people b ON b.id = p.boss ORDER BY p.legacy")
		same(t, "rows", []string{"1|2", "2|NULL", "3|4", "4|3", "5|6", "6|NULL", "7|5"}, rows)
	})
}

// TestA12OrderOfLanes: what a wave lands, and where each reference points, is
// the same however many lanes carry it.
func TestA12OrderOfLanes(t *testing.T) {
	w := postgresWorld(t)
	var first []string
	for _, lanes := range []int{1, 3} {
		w := w.fresh(t, twoTables(true)...)
		w.mapping(twoTablesMapping)
		parents, children := []string{"No,Name"}, []string{"No,Ref,Amt"}
		for i := range 200 {
			parents = append(parents, fmt.Sprintf("P%d,n%d", i, i))
			children = append(children, fmt.Sprintf("C%d,P%d,%d", i, (i*7)%210, i))
		}
		w.file("t2.csv", parents...)
		w.file("t1.csv", children...)
		o := wave
		o.Records, o.Lanes = 10, lanes
		w.run(o)
		rows := w.query("SELECT t1.legacy, t2.legacy, t1.amt FROM t1 JOIN t2 ON t2.id = t1.ref ORDER BY t1.legacy")
		if first == nil {
			first = slices.Clone(rows)
		}
		same(t, "rows", first, rows)
		again := w.run(o)
		for _, end := range again.ends {
			if !strings.HasSuffix(end, " skipped") && !strings.HasSuffix(end, "missing-parent in ref") {
				t.Errorf("a second wave over the same file: %s", end)
			}
		}
		same(t, "rows after a second wave", rows, w.query("SELECT t1.legacy, t2.legacy, t1.amt FROM t1 JOIN t2 ON t2.id = t1.ref ORDER BY t1.legacy"))
	}
}
