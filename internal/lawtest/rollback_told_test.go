package lawtest

import (
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
