package lawtest

import (
	"fmt"
	"slices"
	"testing"

	"landfall/internal/run"
)

// TestA12KilledWave: a wave that is killed at any point and goes on inserts each
// row exactly once, refers where an unbroken one does, and its fingerprints hold.
func TestA12KilledWave(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		prepare := func(w *world) {
			w.mapping(twoTablesMapping)
			w.file("t2.csv", "No,Name", "L20,a", "L21,b")
			w.file("t1.csv", "No,Ref,Amt", "1,L20,1")
			w.run(wave)
			w.do("DELETE FROM t2 WHERE legacy = 'L21'")
			w.file("t2.csv", "No,Name", "L20,a", "L22,c", "L23,far too long", "L24,d", "L25,e")
			w.file("t1.csv", "No,Ref,Amt", "1,L20,1", "2,L22,2", "3,L23,3", "4,L21,4", "5,,5", "6,L20,6", "7,L24,7")
		}
		args := []string{"run", "--mode", "insert-only", "--batch", "2", "--lanes", "1"}
		rows := func(w *world) []string {
			return slices.Concat(w.query("SELECT name, legacy FROM t2 ORDER BY legacy, id"),
				w.query("SELECT t1.legacy, t1.amt, t2.legacy FROM t1 LEFT JOIN t2 ON t2.id = t1.ref ORDER BY t1.legacy, t1.id"))
		}
		unbroken := w.fresh(t, twoTables(true)...)
		prepare(unbroken)
		unbroken.cli(args...)
		want, entries := rows(unbroken), len(unbroken.crosswalk())
		if len(want) != 9 {
			t.Fatalf("an unbroken wave leaves %v", want)
		}
		for _, point := range slices.Concat(run.Points, run.MeasuringPoints) {
			nths := []int{1}
			switch point {
			case run.PointLanded, run.PointLedger:
				nths = []int{1, 5}
			}
			for _, nth := range nths {
				t.Run(fmt.Sprintf("%s/%d", point, nth), func(t *testing.T) {
					w := w.fresh(t, twoTables(true)...)
					prepare(w)
					w.killedAt(point, nth, append(slices.Clone(args), "--runs", w.dir+"/runs")...)
					if code, out, errs := w.cli("resume"); code != 4 {
						t.Fatalf("resume: exit %d\n%s%s", code, out, errs)
					}
					same(t, "rows", want, rows(w))
					same(t, "entries", entries, len(w.crosswalk()))
					same(t, "states", []string{"acme-0001|completed", "acme-0002|completed"}, w.states())
				})
			}
		}
	})
}
