package lifetest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/report"
	"landfall/internal/run"
)

// A process that is killed at any point of any stage, and goes on, comes to
// the end that an unbroken one comes to; and then there is nothing to do.
func TestKillAtEveryPoint(t *testing.T) {
	for at, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			n := 0
			for _, s := range stages(t, k) {
				for _, point := range slices.Concat(run.Points, run.MeasuringPoints) {
					for _, pass := range s.passesToBreak(point) {
						n++
						// The race detector makes a life three times as long: then the targets
						// share the points between them.
						if underRace && n%2 == at && os.Getenv(soakVariable) == "" {
							continue
						}
						again, goesOn := n, s.again(n/2)
						t.Run(fmt.Sprintf("%s/%s/%d", s.name, point, pass), func(t *testing.T) {
							t.Parallel()
							l := newLife(t, k, s.before, s.edition)
							l.killedAt(fmt.Sprintf("%s:%d", point, pass), s.args...)
							if point == run.PointArtefacts {
								goesOn = []string{"resume"} // the run is closed: the same command is a new run
							}
							l.run(exitOpen, goesOn...)
							l.same(s.after, s.run)
							l.filesTell(s.after, s.run)
							if again%4 < 2 && (again%8 < 4 || !underRace) {
								l.writesNothing()
							}
						})
					}
				}
			}
		})
	}
}

// passesToBreak are the first, the middle and the last pass of a point; of the
// stages after the first load, which pass the same code, only the middle one.
func (s *stage) passesToBreak(point run.Point) []int {
	last := s.passes[point]
	middle := (last + 1) / 2
	if s.name != "load" {
		return []int{middle}
	}
	return slices.Compact([]int{1, middle, last})
}

// writesNothing runs all once more: no row of the target is touched.
func (l *life) writesNothing() {
	l.t.Helper()
	l.ground.watch(l.t)
	before := l.ground.touched(l.t)
	l.run(exitOpen, "run", "--batch", batchSize)
	if diff := cmp.Diff(before, l.ground.touched(l.t)); diff != "" {
		l.t.Errorf("a second run wrote to the target:\n%.3000s", diff)
	}
	var told report.Summary
	reports, err := filepath.Glob(filepath.Join(l.dir, "runs", "*", "report.json"))
	if err != nil || len(reports) == 0 {
		l.t.Fatalf("no reports: %v", err)
	}
	slices.Sort(reports)
	if err := json.Unmarshal([]byte(read(l.t, reports[len(reports)-1])), &told); err != nil {
		l.t.Fatal(err)
	}
	for entity, counts := range told.Entities {
		if counts.Created+counts.Updated > 0 {
			l.t.Errorf("a second run: %s %+v", entity, counts)
		}
	}
}

// watch makes a SQLite file count what is written to its tables; PostgreSQL
// keeps the writer of every row by itself.
func (g *ground) watch(t testing.TB) {
	t.Helper()
	if g.kind != onSQLite {
		return
	}
	statements := []string{"CREATE TABLE touched (n integer)"}
	for _, table := range tables {
		for _, deed := range []string{"INSERT", "UPDATE", "DELETE"} {
			statements = append(statements, fmt.Sprintf("CREATE TRIGGER touch_%s_%s AFTER %[2]s ON %[1]s BEGIN INSERT INTO touched VALUES (1); END", table, deed))
		}
	}
	g.exec(t, strings.Join(statements, ";\n"))
}

// touched is different whenever a row was written, even with what it held.
func (g *ground) touched(t testing.TB) [][]string {
	t.Helper()
	if g.kind == onSQLite {
		return g.query(t, "SELECT count(*) FROM touched")
	}
	var all [][]string
	for _, table := range tables {
		all = append(all, g.query(t, "SELECT '"+table+"', ctid::text, xmin::text, x::text FROM "+table+" x ORDER BY ctid")...)
	}
	return all
}
