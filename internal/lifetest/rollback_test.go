package lifetest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// undoing is what people do after the second run, before it is rolled back:
// edits of rows that it made and that it changed, and a row that refers to one.
const undoing = `
UPDATE customers SET name = 'edited since' WHERE legacy_id IN ('12', '152');
UPDATE lines SET note = 'seen' WHERE article = 'Article
3' AND amount > 1000;
UPDATE regions SET name = 'edited since' WHERE legacy_id = '61'`

// everything is all that is there: rows, the crosswalk, what is kept to put it
// back, and what every run says of every record.
func (l *life) everything(run string, tables ...string) map[string][]string {
	l.t.Helper()
	own := "landfall."
	if l.ground.kind == onSQLite {
		own = "landfall_"
	}
	all := map[string][]string{}
	for what, query := range map[string]string{
		"crosswalk": "SELECT * FROM " + own + "crosswalk",
		"former":    "SELECT * FROM " + own + "former",
		"pending":   "SELECT * FROM " + own + "pending",
		"runs":      "SELECT name, state, mode FROM " + own + "run",
		"entries": "SELECT e.entity_id, e.source_key, e.record_no, e.disposition, e.target_key, e.code, e.field, e.message, e.before, e.after FROM " +
			own + "entry e JOIN " + own + "run r ON r.id = e.run_id WHERE r.name = '" + run + "'",
	} {
		all[what] = l.rows(query)
	}
	for _, table := range tables {
		all[table] = l.rows("SELECT * FROM " + table)
	}
	return all
}

func (l *life) rows(query string) []string {
	l.t.Helper()
	var rows []string
	for _, row := range l.ground.query(l.t, query) {
		rows = append(rows, strings.Join(row, "|"))
	}
	slices.Sort(rows)
	return rows
}

// undo is a run to roll back, and the target as it is then.
type undo struct {
	name   string
	run    string // to undo
	back   string // the rollback's name
	before *ground
}

// A rollback that is killed at any point, and goes on, comes to the end that an
// unbroken one comes to.
func TestKillRollbackAtEveryPoint(t *testing.T) {
	for at, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			worked := k.newGround(t, t.TempDir(), stageOf(t, k, "retry").before, t.Cleanup)
			worked.exec(t, undoing)
			for _, u := range []undo{
				{"first", "life-0001", "life-0002", stageOf(t, k, "update").before},
				{"second", "life-0002", "life-0003", worked},
			} {
				whole := newLife(t, k, u.before, workedOn)
				counts := filepath.Join(whole.dir, "counts")
				whole.env = []string{countFile + "=" + counts}
				whole.run(exitOpen, "rollback", u.run)
				want, digest := whole.everything(u.back, tables...), whole.digest(u.back)
				t.Logf("%s: %+v", u.name, digest.Counts)
				var passes map[run.Point]int
				if err := json.Unmarshal([]byte(read(t, counts)), &passes); err != nil {
					t.Fatal(err)
				}
				n := 0
				for _, point := range rollback.Points {
					last := passes[point]
					if last == 0 {
						t.Errorf("%s never passes %s", u.name, point)
					}
					for _, pass := range slices.Compact([]int{1, (last + 1) / 2, last}) {
						n++
						if underRace && n%2 == at {
							continue
						}
						goesOn := []string{"rollback", u.run}
						if n%2 == 0 || point == run.PointArtefacts {
							goesOn = []string{"resume"}
						}
						t.Run(fmt.Sprintf("%s/%s/%d", u.name, point, pass), func(t *testing.T) {
							t.Parallel()
							l := newLife(t, k, u.before, workedOn)
							l.killedAt(fmt.Sprintf("%s:%d", point, pass), "rollback", u.run)
							l.run(exitOpen, goesOn...)
							if diff := cmp.Diff(want, l.everything(u.back, tables...)); diff != "" {
								t.Errorf("not as after an unbroken rollback (-unbroken +this):\n%.6000s", diff)
							}
							l.same(digest, u.back)
						})
					}
				}
			}
		})
	}
}

// Neither does it matter where rows that refer to each other are undone.
func TestKillRollbackInCircles(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			k.needs(t)
			loaded := circleLife(t, k)
			loaded.run(exitOpen, "run", "--batch", "2")
			whole := &life{t: t, dir: loaded.dir, ground: loaded.ground}
			copyOf := func(t *testing.T) *life {
				l := circleLife(t, k)
				l.ground = k.newGround(t, l.dir, loaded.ground, t.Cleanup)
				text := read(t, filepath.Join(loaded.dir, "landfall.yaml"))
				write(t, filepath.Join(l.dir, "landfall.yaml"), strings.Replace(text, loaded.ground.url, l.ground.url, 1))
				return l
			}
			whole = copyOf(t)
			counts := filepath.Join(whole.dir, "counts")
			whole.env = []string{countFile + "=" + counts}
			whole.run(exitLanded, "rollback", "life-0001")
			want := whole.everything("life-0002", "club", "staff")
			var passes map[run.Point]int
			if err := json.Unmarshal([]byte(read(t, counts)), &passes); err != nil {
				t.Fatal(err)
			}
			for _, point := range slices.Concat(rollback.TogetherPoints, []run.Point{rollback.PointUndone, run.PointLedger, run.PointCommitted}) {
				if passes[point] == 0 {
					t.Fatalf("%s is never passed", point)
				}
				for pass := 1; pass <= passes[point]; pass++ {
					t.Run(fmt.Sprintf("%s/%d", point, pass), func(t *testing.T) {
						t.Parallel()
						l := copyOf(t)
						l.killedAt(fmt.Sprintf("%s:%d", point, pass), "rollback", "life-0001")
						l.run(exitLanded, "resume")
						if diff := cmp.Diff(want, l.everything("life-0002", "club", "staff")); diff != "" {
							t.Errorf("not as unbroken:\n%.6000s", diff)
						}
					})
				}
			}
		})
	}
}
