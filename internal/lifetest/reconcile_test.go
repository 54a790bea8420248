package lifetest

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/reconcile"
)

const exitDiffers = 6

// A reconciliation that is killed at any point goes on with the same command,
// and finds what an unbroken one finds; the target's rows stay as they are.
func TestKilledReconciliation(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := stages(t, k)
			meddled := newLife(t, k, s[1].before, firstEdition) // people worked in the target since the first load
			own := strings.NewReplacer("BOOKS.", map[kind]string{onSQLite: "landfall_", onPostgres: "landfall."}[k])
			meddled.ground.exec(t, own.Replace("DELETE FROM lines WHERE place = 2;\nINSERT INTO regions (code, name) VALUES ('X', 'x');\n"+
				"DELETE FROM BOOKS.crosswalk WHERE source_key IN ('8', '9', '10') AND entity_id = (SELECT id FROM BOOKS.entity WHERE name = 'customer')"))
			meddledWith := meddled.ground
			command := []string{"reconcile", "--batch", "20", "--out", "found.csv"}
			unbroken := newLife(t, k, meddledWith, firstEdition)
			told := unbroken.run(exitDiffers, command...)
			found := unbroken.found()
			for _, want := range []string{
				"changed-by-business,region,5,", "changed-by-business,customer,7,", "missing,line,", "lost-crosswalk,customer,8,", "extra,region,,",
			} {
				mentions(t, found, want)
			}
			for _, point := range reconcile.Points {
				for _, pass := range []int{1, 3, 8, 15} {
					t.Run(fmt.Sprintf("%s/%d", point, pass), func(t *testing.T) {
						t.Parallel()
						l := newLife(t, k, meddledWith, firstEdition)
						p := l.start(fmt.Sprintf("%s:%d:%s", point, pass, deedKill), command...)
						if p.wait(exitKilled, exitDiffers) == exitDiffers {
							return // it does not pass there so often
						}
						again := l.run(exitDiffers, command...)
						mentions(t, again, "goes on where it stopped")
						same(t, "what was found", found, l.found())
						same(t, "the closing table", closing(told), closing(again))
						l.run(exitDiffers, command...)
						same(t, "what was found once more", found, l.found())
					})
				}
			}
		})
	}
}

// One that is asked to stop ends after whole batches, and goes on.
func TestStoppedReconciliation(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			l := newLife(t, k, stages(t, k)[1].before, firstEdition)
			p := l.start("reconcile-batch:4:"+deedHold, "reconcile", "--batch", "20")
			p.reached()
			p.signal(syscall.SIGTERM)
			p.says("stopping after the batch in hand")
			p.goOn()
			p.wait(exitInterrupted)
			mentions(t, p.output.String(), "was interrupted", "Go on with the same command.")
			mentions(t, l.run(exitDiffers, "reconcile", "--batch", "20"), "goes on where it stopped")
		})
	}
}

// What was looked at before a reconciliation was broken off is told with its
// time, and counts for an hour, as long as no run has written.
func TestReconciliationGoesOnForAWhile(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			l := newLife(t, k, stages(t, k)[0].before, firstEdition)
			l.start("", "run").wait(exitOpen)
			own := strings.NewReplacer("BOOKS.", map[kind]string{onSQLite: "landfall_", onPostgres: "landfall."}[k])
			run := l.ground.query(t, own.Replace("SELECT max(name) FROM BOOKS.run"))[0][0]
			command := []string{"reconcile", "--entity", "region,customer", run}
			fresh := slices.Concat(command, []string{"--fresh"})
			before := closing(l.run(0, command...))
			brokenOff := func() { l.killedAt("reconcile-entity:1", fresh...) }

			brokenOff()
			l.ground.exec(t, "UPDATE regions SET name = 'damaged' WHERE id = (SELECT min(id) FROM regions)")
			again := l.run(0, command...)
			mentions(t, again, "reconciliation "+run+"-check-2 goes on where it stopped", "holds what it must", " UTC for region\n")
			same(t, "the closing table", before, closing(again))
			l.run(0, "report", run, "-o", "page.html")
			if page := read(t, filepath.Join(l.dir, "page.html")); !regexp.MustCompile(`no difference[^<]*, as of [^<]* UTC for region`).MatchString(page) {
				t.Error("the report does not say since when it is true of region")
			}
			l.run(0, "report", "--verify", "page.html")

			brokenOff()
			l.run(exitDiffers, fresh...)

			brokenOff()
			l.ground.exec(t, own.Replace("UPDATE BOOKS.reconciliation SET started_at = replace(started_at, '20', '19');\n"+
				"UPDATE BOOKS.reconciliation_entity SET position = replace(position, '\"noted\":\"20', '\"noted\":\"19')"))
			mentions(t, l.run(exitDiffers, command...), "begins anew: that is more than an hour ago")

			brokenOff()
			l.run(0, "run", "--only", "customer:1")
			mentions(t, l.run(exitDiffers, command...), "begins anew: runs have written since")
		})
	}
}

// A target out of which a rollback took a part does not hold what it must,
// whether the rollback is still to be finished or was given up.
func TestReconciliationOfHalfARollback(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			l := newLife(t, k, stages(t, k)[0].before, firstEdition)
			l.start("", "run", "--batch", "20").wait(exitOpen)
			l.run(0, "reconcile")
			l.killedAt("rows-judged:4", "rollback", "life-0001")
			mentions(t, l.run(exitDiffers, "reconcile"), "partly-rolled-back", "run life-0001 is rolled back in part only")
			l.run(0, "abandon", "life-0002")
			mentions(t, l.run(exitDiffers, "reconcile"), "partly-rolled-back", "run life-0001 is rolled back in part only")
			l.run(0, "rollback", "life-0001")
			mentions(t, l.run(0, "reconcile"), "the target holds none of the records, which are rolled back")
		})
	}
}

func (l *life) found() string { return read(l.t, filepath.Join(l.dir, "found.csv")) }

// closing is the table that ends the command's words, and what follows it.
func closing(told string) []string {
	at := strings.Index(told, "Reconciliation ")
	return slices.DeleteFunc(strings.Split(told[at:], "\n"), func(line string) bool { return strings.HasPrefix(line, "Reconciliation ") })
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, unbroken and broken:\n%s", what, diff)
	}
}
