package lawtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
)

// estate is a small random input: two entities, full of mistakes.
type estate struct{ parents, children []string }

func drawEstate(t *rapid.T) estate {
	cell := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	keys := []string{"1", "2", "3", "4", "5", "6", "7", "8", "a|b", ""}
	var e estate
	for i := range rapid.IntRange(0, 9).Draw(t, "parents") {
		e.parents = append(e.parents, fmt.Sprintf("%s,%s,p%d", cell("key", keys...), cell("name", "n", "n", "", "far too long"), i))
	}
	for i := range rapid.IntRange(0, 14).Draw(t, "children") {
		line := fmt.Sprintf("%s,%s,%s,%s,c%d", cell("key", keys...), cell("parent", keys...), cell("friend", keys...),
			cell("code", "a", "b", "c", "d", "e", "", "-5"), i)
		e.children = append(e.children, line+cell("ragged", "", "", "", ",more"))
	}
	return e
}

func (e estate) world(t *testing.T, like *world) *world {
	w := like.fresh(t, "CREATE TABLE parents (id NUMBER, name varchar(10) NOT NULL, mark varchar(5))",
		"CREATE TABLE children (id NUMBER, parent_id bigint NOT NULL REFERENCES parents (id), friend_id bigint REFERENCES parents (id), code varchar(5) UNIQUE CHECK (code <> '-5'), mark varchar(5))")
	w.mapping(`  parent:
    from: {file: parents.csv, key: No}
    to: {table: parents, key: {column: id, new: identity}}
    fields: {name: Name, mark: Mark}
  child:
    from: {file: children.csv, key: No}
    to: {table: children, key: {column: id, new: identity}}
    fields: {parent_id: {ref: parent, from: Parent}, friend_id: {ref: parent, from: Friend, missing: null}, code: Code, mark: Mark}
`)
	w.file("parents.csv", append([]string{"No,Name,Mark"}, e.parents...)...)
	w.file("children.csv", append([]string{"No,Parent,Friend,Code,Mark"}, e.children...)...)
	return w
}

// goods is what a run left in the target, generated keys aside.
func goods(w *world) []string {
	own := w.query("SELECT name, mark FROM parents ORDER BY mark")
	own = append(own, w.query("SELECT c.code, c.mark, p.mark, f.mark FROM children c JOIN parents p ON p.id = c.parent_id LEFT JOIN parents f ON f.id = c.friend_id ORDER BY c.mark")...)
	marks := map[string]string{}
	for _, row := range w.query("SELECT id, mark FROM parents") {
		id, mark, _ := strings.Cut(row, "|")
		marks["parent "+id] = mark
	}
	for _, row := range w.query("SELECT id, mark FROM children") {
		id, mark, _ := strings.Cut(row, "|")
		marks["child "+id] = mark
	}
	for _, row := range w.crosswalk() { // entity|source key|target key|role|state
		entity, rest, _ := strings.Cut(row, "|")
		cells := strings.Split(rest, "|")
		n := len(cells)
		own = append(own, fmt.Sprintf("%s:%s is %s %v", entity, strings.Join(cells[:n-3], "|"), marks[entity+" "+cells[n-3]], cells[n-2:]))
	}
	return own
}

// TestBalance draws inputs and holds runs over them to the laws, whatever the
// batches, however often the run is stopped.
func TestBalance(t *testing.T) {
	eachTarget(t, func(t *testing.T, like *world) {
		checks, most := 0, 12
		if !strings.HasPrefix(like.url, "sqlite:") {
			most = 6 // each takes longer
		}
		small, broken := like.beside(t), like.beside(t)
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > most && !t.Failed() {
				return // each takes several runs; the inputs differ from day to day
			}
			e := drawEstate(rt)
			whole := e.world(t, like)
			first := whole.run(run.Options{})
			for name, lines := range map[string][]string{"parent": e.parents, "child": e.children} {
				if read := first.counts[name].Total(); read != int64(len(lines)) {
					rt.Fatalf("%s: %d records have an end, %d are in the input: %v", name, read, len(lines), first.ends)
				}
			}
			left := goods(whole)

			small := e.world(t, small)
			out := small.run(run.Options{Records: rapid.IntRange(1, 4).Draw(rt, "batch")})
			agree(rt, "ends in small batches", first.ends, out.ends)
			agree(rt, "what small batches left", left, goods(small))

			broken := e.world(t, broken)
			agree(rt, "ends of a run that was stopped", first.ends, broken.stopAndGo(rt, run.Options{Records: 2}).ends)
			agree(rt, "what a stopped run left", left, goods(broken))

			again := whole.run(run.Options{Records: 3})
			for _, end := range again.ends {
				if strings.HasSuffix(end, string(record.Created)) || strings.HasSuffix(end, string(record.Updated)) {
					rt.Fatalf("a second run: %s", end)
				}
			}
			agree(rt, "what a second run left", left, goods(whole))
			retried := whole.run(run.Options{RetryOpen: true})
			// A retry finds records by their keys; those without one wait for a run over all.
			open := slices.DeleteFunc(slices.Clone(again.ends), func(end string) bool {
				return strings.HasSuffix(end, string(record.Unchanged)) || strings.Contains(end, ": failed")
			})
			if len(retried.ends) != len(open) {
				rt.Fatalf("a retry ran %v, open were %v", retried.ends, open)
			}
			agree(rt, "what a retry left", left, goods(whole))
		})
	})
}

// stopAndGo runs in batches, stops after a few of them, and goes on until the
// run has its end.
func (w *world) stopAndGo(rt *rapid.T, o run.Options) *outcome {
	return w.stopping(rt, o, func() int { return rapid.IntRange(1, 5).Draw(rt, "batches until the stop") })
}

// stopping stops after as many batches as it is told, again and again.
func (w *world) stopping(rt rapid.TB, o run.Options, batches func() int) *outcome {
	start := run.Run
	for range 40 {
		stop := make(chan struct{})
		left := batches()
		o.Stop, o.Observe = stop, func(e run.Event) {
			if e.Kind == run.EventBatch {
				if left--; left == 0 {
					close(stop)
				}
			}
		}
		result, err := w.try(o, start)
		if err != nil {
			rt.Fatalf("stopped and resumed: %v", err)
		}
		if !result.Stopped {
			return w.outcome(result)
		}
		if result.Run.State != ledger.Interrupted {
			rt.Fatalf("a stopped run is %s", result.Run.State)
		}
		start = run.Resume
	}
	rt.Fatalf("the run never ends")
	return nil
}

func agree(rt *rapid.T, what string, want, got []string) {
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("%s:\n%s", what, diff)
	}
}
