package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// A rollback that had nothing to undo makes nothing of the run, and one that goes
// on remembers what it has undone of what was asked for.
func TestRollbackTellsWhatItUndid(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, name text)")
		things(w)
		w.run(run.Options{Records: 1})
		w.run(run.Options{})
		w.rollback(rollback.Options{Run: "acme-0002"})
		same(t, "states", []string{"acme-0001|completed", "acme-0002|completed", "acme-0003|completed"}, w.states())

		stop := make(chan struct{})
		stopped := false
		result, err := w.tryRollback(rollback.Options{Run: "acme-0001", Only: refsOf("thing:1", "thing:2", "thing:9"), Stop: stop, Points: func(p run.Point) {
			if p == run.PointCommitted && !stopped {
				stopped = true
				close(stop)
			}
		}}, rollback.Rollback)
		if err != nil || !result.Stopped {
			t.Fatalf("%v %v", result, err)
		}
		same(t, "half-way", "1", w.query("SELECT count(*) FROM things")[0])
		result, err = w.tryRollback(rollback.Options{}, rollback.Resume)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "nothing is left of", refsOf("thing:9"), result.NotTouched)
		same(t, "states", []string{"acme-0001|partly-rolled-back", "acme-0002|completed", "acme-0003|completed", "acme-0004|completed"}, w.states())
		w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "all is undone by now", "acme-0001|rolled-back", w.states()[0])
	})
}

// A record that failed in the run has nothing in the target to take back: it is
// not among those that the rollback touched.
func TestRollbackLeavesOutWhatFailed(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE nodes (id NUMBER, parent_id bigint REFERENCES nodes (id), code varchar(9) CHECK (code <> 'bad'))")
		w.mapping("  node:\n    from: {file: nodes.csv, key: ID}\n    to: {table: nodes, key: {column: id, new: identity}}\n    fields: {parent_id: {ref: node, from: Parent}, code: Code}\n")
		w.file("nodes.csv", "ID,Parent,Code", "1,2,a", "2,,b", "3,,c")
		w.run(run.Options{Records: 1})
		w.rollback(rollback.Options{Run: "acme-0001"})
		crosswalk := w.wholeCrosswalk()
		w.file("nodes.csv", "ID,Parent,Code", "1,2,a", "2,,bad", "3,,c")
		w.run(run.Options{Records: 1})
		w.do("UPDATE nodes SET code = 'edited'")
		code, out, errs := w.cli("rollback", "acme-0003")
		if code != 4 || !strings.Contains(out, "completed; nothing was reversed, 1 record stays\n") {
			t.Errorf("exit %d\n%s%s", code, out, errs)
		}
		same(t, "states", "acme-0003|completed", w.states()[2])
		w.do("UPDATE nodes SET code = 'c'")
		same(t, "ends", []string{"node:3 reversed"}, w.rollback(rollback.Options{Run: "acme-0003"}).sorted())
		same(t, "state", "acme-0003|rolled-back", w.states()[2])
		same(t, "crosswalk", crosswalk, w.wholeCrosswalk())
	})
}

// Where another record's row has taken what a row held, both are named.
func TestRollbackNamesWhoHoldsTheValue(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, name varchar(9) UNIQUE)")
		w.mapping("  thing:\n    from: {file: things.csv, key: ID}\n    to: {table: things, key: {column: id, new: identity}}\n    fields: {name: Name}\n")
		w.file("things.csv", "ID,Name", "1,a", "2,b")
		w.run(run.Options{Records: 1, Lanes: 1})
		w.file("things.csv", "ID,Name", "1,c", "2,b")
		w.run(run.Options{})
		w.do("UPDATE things SET name = 'a' WHERE name = 'b'")
		back := w.rollback(rollback.Options{Run: "acme-0002"})
		same(t, "ends", []string{"thing:1 failed: unique in name"}, back.sorted())
		same(t, "told", "the target refuses what the row held: a row of the target holds the value already: row 2, which is thing:2", back.entry(t, "1").Message)
	})
}

// Before anything is undone, the runs are named that have written the records
// since; there is nothing to say of those that are undone.
func TestRollbackWarnsOfLaterRuns(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, name text)")
		things(w)
		w.run(run.Options{})
		w.file("things.csv", "ID,Name", "1,changed", "2,b")
		w.run(run.Options{})
		w.file("things.csv", "ID,Name", "1,again", "2,b", "7,new")
		w.run(run.Options{})
		const of, stay = "records since that acme-0001 wrote; ", "roll back the newest first, else those records stay"
		for _, args := range [][]string{{"rollback", "acme-0001", "--dry-run"}, {"rollback", "acme-0001"}} {
			if _, out, errs := w.cli(args...); !strings.Contains(errs+out, "run acme-0002 has written "+of+stay) {
				t.Errorf("%v told\n%s%s", args, out, errs)
			}
		}
		for _, name := range []string{"acme-0003", "acme-0002", "acme-0001"} {
			if _, out, errs := w.cli("rollback", name); strings.Contains(errs+out, "roll back the newest first") {
				t.Errorf("rolling back %s warned\n%s%s", name, out, errs)
			}
		}
	})
}
