package lawtest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// However many changed rows wait for others to go, only a batch of them is in
// memory. Nothing runs beside this test, which looks at the memory of all.
func TestRollbackPutsWaitingRowsAside(t *testing.T) {
	for name, world := range map[string]func(testing.TB) *world{"sqlite": sqliteWorld, "postgres": postgresWorld} {
		t.Run(name, func(t *testing.T) {
			const nodes, wide = 500, 8_000
			w := world(t)
			w.unwatched = true
			w.do("CREATE TABLE nodes (id NUMBER, parent_id bigint REFERENCES nodes (id), code text UNIQUE, note text)", "CREATE INDEX nodes_by_parent ON nodes (parent_id)")
			w.mapping("  node:\n    from: {file: nodes.csv, key: ID}\n    to: {table: nodes, key: {column: id, new: identity}}\n    fields: {parent_id: {ref: node, from: Parent}, code: Code, note: Note}\n")
			old, young := strings.Repeat("old", wide/3), strings.Repeat("new", wide/3)
			w.lines("nodes.csv", "ID,Parent,Code,Note", 1, nodes, func(n int) string { return fmt.Sprintf("%d,,c%d,%s", n, n, old) })
			w.run(run.Options{Records: 50})
			before := w.query("SELECT code, note, parent_id FROM nodes ORDER BY id")
			// Each node refers to a new one, which has the code that it had.
			w.lines("nodes.csv", "ID,Parent,Code,Note", 1, 2*nodes, func(n int) string {
				if n <= nodes {
					return fmt.Sprintf("%d,%d,d%d,%s", n, n+nodes, n, young)
				}
				return fmt.Sprintf("%d,,c%d,", n, n-nodes)
			})
			w.run(run.Options{Records: 50})
			inUse := func() int64 {
				runtime.GC()
				var memory runtime.MemStats
				runtime.ReadMemStats(&memory)
				return int64(memory.HeapAlloc)
			}
			start, most := inUse(), int64(-1)
			result, err := w.tryRollback(rollback.Options{Run: "acme-0002", Points: func(p run.Point) {
				if p == rollback.PointTogether {
					most = inUse() - start
				}
			}}, rollback.Rollback)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "reversed", int64(2*nodes), result.Counts["reversed"])
			same(t, "rows", before, w.query("SELECT code, note, parent_id FROM nodes ORDER BY id"))
			if t.Logf("%d KB more in use", most>>10); most < 0 || most > nodes*wide {
				t.Errorf("%d KB are in use for %d KB of rows", most>>10, nodes*wide>>10)
			}
		})
	}
}
