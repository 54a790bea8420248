package lawtest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"landfall/internal/run"
)

const useCaseMapping = `  t2:
    from: {file: t2.csv, key: No}
    to: {table: t2, key: {column: id, new: offset, base: 2000}}
    fields: {name: {from: Name, check: {one-of: [one, two, three, four]}}, legacy: No}
  t1:
    from: {file: t1.csv, key: No}
    to: {table: t1, key: {column: id, new: offset, base: 1000}}
    fields: {ref: {ref: t2, from: Ref}, amt: Amt, legacy: No}
    totals: ["sum(amt)"]
`

// useCase is production as the use cases of incremental conversion find it: T2
// with L20 and L21, T1 with so many rows, and both key maps.
func (w *world) useCase(rows int) {
	w.t.Helper()
	w.do("CREATE TABLE t2 (id bigint PRIMARY KEY, name varchar(9), legacy varchar(9))",
		"CREATE TABLE t1 (id bigint PRIMARY KEY, ref bigint REFERENCES t2 (id), amt decimal(9,2), legacy varchar(9))",
		"INSERT INTO t2 VALUES (2001, 'one', 'L20'), (2002, 'two', 'L21')")
	lines := []string{"source_key,target_key"}
	for i := 1; i <= rows; i++ {
		w.do(fmt.Sprintf("INSERT INTO t1 VALUES (%d, 2001, 1, 'L%02d')", 1000+i, i))
		lines = append(lines, fmt.Sprintf("L%02d,%d", i, 1000+i))
	}
	w.mapping(useCaseMapping)
	w.file("t2.csv", "No,Name")
	w.file("t1.csv", "No,Ref,Amt")
	w.file("t2_map.csv", "source_key,target_key", "L20,2001", "L21,2002")
	w.file("t1_map.csv", lines...)
	for _, entity := range []string{"t2", "t1"} {
		w.must(0, "crosswalk", "import", filepath.Join(w.dir, entity+"_map.csv"), "--entity", entity, "--role", "created")
	}
}

// must runs a command and returns what it prints.
func (w *world) must(exit int, args ...string) string {
	w.t.Helper()
	code, out, errs := w.cli(args...)
	if code != exit {
		w.t.Fatalf("%s: exit %d, wanted %d\n%s%s", strings.Join(args, " "), code, exit, out, errs)
	}
	return out + errs
}

// maps is the crosswalk without what was rolled back.
func (w *world) maps() []string {
	return slices.DeleteFunc(w.crosswalk(), func(line string) bool { return strings.HasSuffix(line, "|b") })
}

// TestUseCase1OneTable: T1 alone, whose references are live already.
func TestUseCase1OneTable(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.useCase(40)
		backup := filepath.Join(w.dir, "before.crosswalk")
		before, maps := w.query("SELECT * FROM t1 ORDER BY id"), w.maps()
		w.file("t1.csv", "No,Ref,Amt", "L41,L20,10", "L42,L21,5", "L43,L77,1", "L05,L20,7")
		told := w.must(4, "plan", "--mode", "insert-only", "--start-row-number", "t1=41", "-o", filepath.Join(w.dir, "plan.json"))
		for _, says := range []string{"1 × t1: failed, already-converted; first t1:L05", "1 × t1: failed, missing-parent in ref; first t1:L43"} {
			if !strings.Contains(told, says) {
				t.Errorf("the plan does not say %q:\n%s", says, told)
			}
		}
		same(t, "rows after planning", before, w.query("SELECT * FROM t1 ORDER BY id"))
		if told := w.must(0, "crosswalk", "backup", "-o", backup); !strings.Contains(told, "t1: 40 (40 created live)") {
			t.Errorf("the backup says\n%s", told)
		}
		w.must(4, "run", "--plan", filepath.Join(w.dir, "plan.json"))
		same(t, "rows that were there", before, w.query("SELECT * FROM t1 WHERE id <= 1040 ORDER BY id"))
		same(t, "new rows", []string{"1041|2001|10|L41", "1042|2002|5|L42"}, w.query("SELECT id, ref, CAST(amt AS integer), legacy FROM t1 WHERE id > 1040 ORDER BY id"))
		same(t, "t2", []string{"2001|one|L20", "2002|two|L21"}, w.query("SELECT * FROM t2 ORDER BY id"))
		same(t, "maps", 42+2, len(w.maps()))
		same(t, "states", []string{"acme-0001|completed", "acme-0002|completed", "acme-0003|completed"}, w.states())
		if told := w.must(0, "reconcile"); strings.Count(told, " ok\n") != 2 {
			t.Errorf("reconcile says\n%s", told)
		}
		w.must(0, "crosswalk", "verify", backup)
		w.must(0, "rollback", "acme-0003")
		same(t, "rows after rolling back", before, w.query("SELECT * FROM t1 ORDER BY id"))
		same(t, "maps after rolling back", maps, w.maps())
	})
}

// TestUseCase2RelatedTables: T2 and T1 together, then undone; the five keys are
// never given again.
func TestUseCase2RelatedTables(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.useCase(42)
		w.secondDelta("three", "four")
		before, maps := w.rowsOfBoth(), w.maps()
		w.wave2(t)
		same(t, "t2", []string{"2003|L22", "2004|L23"}, w.query("SELECT id, legacy FROM t2 WHERE id > 2002 ORDER BY id"))
		same(t, "t1", []string{"1043|2003|L44", "1044|2001|L45", "1045|2004|L46"}, w.query("SELECT id, ref, legacy FROM t1 WHERE id > 1042 ORDER BY id"))
		same(t, "maps", 45+4, len(w.maps()))
		w.must(0, "rollback", "acme-0003")
		same(t, "rows after rolling back", before, w.rowsOfBoth())
		same(t, "maps after rolling back", maps, w.maps())
		w.must(0, "run", "--mode", "insert-only")
		same(t, "t1 once more", []string{"1046|2005", "1047|2001", "1048|2006"}, w.query("SELECT id, ref FROM t1 WHERE id > 1042 ORDER BY id"))
	})
}

// TestUseCase2ParentRejected: a parent that a rule rejects keeps its child from
// landing, which names it, and nobody else.
func TestUseCase2ParentRejected(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.useCase(42)
		w.secondDelta("three", "nineteen")
		out := w.run(run.Options{Mode: wave.Mode, StartRows: map[string]int64{"t1": 43, "t2": 3}})
		same(t, "ends", []string{"t2:L22 created", "t2:L23 failed: rule in name", "t1:L44 created", "t1:L45 created", "t1:L46 blocked: parent-failed in ref"}, out.ends)
		if told := out.entry(t, "L46").Message; !strings.Contains(told, "t2:L23 did not land: failed, rule in name") {
			t.Errorf("the cause is not named: %s", told)
		}
		same(t, "t1", []string{"1043|2003|L44", "1044|2001|L45"}, w.query("SELECT id, ref, legacy FROM t1 WHERE id > 1042 ORDER BY id"))
		w.secondDelta("three", "four")
		same(t, "retried", []string{"t2:L23 created", "t1:L46 created"}, w.run(run.Options{RetryOpen: true}).ends)
		same(t, "references", []string{"L44|L22", "L45|L20", "L46|L23"}, w.query("SELECT t1.legacy, t2.legacy FROM t1 JOIN t2 ON t2.id = t1.ref WHERE t1.id > 1042 ORDER BY t1.legacy"))
	})
}

// TestUseCase2Killed: killed after T2 has landed, the wave goes on with T1 alone.
func TestUseCase2Killed(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.useCase(42)
		w.secondDelta("three", "four")
		w.killedAt(run.PointEntityEnd, 1, "run", "--mode", "insert-only", "--start-row-number", "t1=43", "--start-row-number", "t2=3", "--runs", filepath.Join(w.dir, "runs"))
		same(t, "t2 when killed", []string{"2003|L22", "2004|L23"}, w.query("SELECT id, legacy FROM t2 WHERE id > 2002 ORDER BY id"))
		same(t, "t1 when killed", []string{"42"}, w.query("SELECT count(*) FROM t1"))
		w.must(0, "resume")
		same(t, "t2", []string{"2003|L22", "2004|L23"}, w.query("SELECT id, legacy FROM t2 WHERE id > 2002 ORDER BY id"))
		same(t, "t1", []string{"1043|2003|L44", "1044|2001|L45", "1045|2004|L46"}, w.query("SELECT id, ref, legacy FROM t1 WHERE id > 1042 ORDER BY id"))
	})
}

// TestUseCase2TruncatedMap: where somebody emptied the map before the wave, a
// live parent is not found, and found again once the backup is restored; nothing
// lands twice meanwhile.
func TestUseCase2TruncatedMap(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.useCase(42)
		w.secondDelta("three", "four")
		backup := filepath.Join(w.dir, "before.crosswalk")
		w.must(0, "crosswalk", "backup", "-o", backup)
		w.do("DELETE FROM " + w.ledger().Books().Table("crosswalk"))
		w.must(6, "crosswalk", "verify", backup)
		w.must(4, "run", "--mode", "insert-only", "--start-row-number", "t1=43", "--start-row-number", "t2=3")
		same(t, "t1", []string{"2003|L44", "2004|L46"}, w.query("SELECT ref, legacy FROM t1 WHERE id > 1042 ORDER BY legacy"))
		w.must(0, "crosswalk", "restore", backup)
		w.must(0, "crosswalk", "restore", backup)
		w.must(0, "retry", "acme-0003")
		same(t, "t1", []string{"2003|L44", "2001|L45", "2004|L46"}, w.query("SELECT ref, legacy FROM t1 WHERE id > 1042 ORDER BY legacy"))
		same(t, "maps", 45+4, len(w.maps()))
		w.must(0, "crosswalk", "verify")
	})
}

// secondDelta writes the files of the second use case.
func (w *world) secondDelta(first, second string) {
	w.file("t2.csv", "No,Name", "L22,"+first, "L23,"+second)
	w.file("t1.csv", "No,Ref,Amt", "L44,L22,1", "L45,L20,1", "L46,L23,1")
}

func (w *world) rowsOfBoth() []string {
	return slices.Concat(w.query("SELECT * FROM t2 ORDER BY id"), w.query("SELECT * FROM t1 ORDER BY id"))
}

// wave2 plans, saves the maps, and runs.
func (w *world) wave2(t *testing.T) {
	t.Helper()
	plan, backup := filepath.Join(w.dir, "plan.json"), filepath.Join(w.dir, "before.crosswalk")
	told := w.must(0, "plan", "--mode", "insert-only", "--start-row-number", "t1=43", "--start-row-number", "t2=3", "-o", plan)
	if !strings.Contains(told, "after t2: ref refers to it") {
		t.Errorf("the plan does not tell the order:\n%s", told)
	}
	told = w.must(0, "crosswalk", "backup", "-o", backup)
	if !strings.Contains(told, "t1: 42 (42 created live)") || !strings.Contains(told, "t2: 2 (2 created live)") {
		t.Errorf("the backup says\n%s", told)
	}
	w.must(0, "run", "--plan", plan)
	told = w.must(0, "reconcile")
	if strings.Count(told, " ok\n") != 2 {
		t.Errorf("reconcile says\n%s", told)
	}
	w.must(0, "crosswalk", "restore", backup)
	w.must(0, "crosswalk", "verify")
}
