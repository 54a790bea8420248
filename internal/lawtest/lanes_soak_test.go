package lawtest

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

const (
	soakRecords = 1_000_000
	soakGroups  = 1000
)

// TestSoakLanes lands a million records in one lane and in several, in one go
// and stopped, and files in the order of their making and in another: always
// the same rows, the same crosswalk and the same dispositions.
func TestSoakLanes(t *testing.T) {
	if os.Getenv("LANDFALL_SOAK") == "" {
		t.Skip("set LANDFALL_SOAK=1 for a million records")
	}
	t.Run("postgres", func(t *testing.T) { soakLanes(t, postgresWorld(t)) })
	t.Run("sqlite", func(t *testing.T) { soakLanes(t, sqliteWorld(t)) })
}

func soakLanes(t *testing.T, like *world) {
	inOrder, otherwise := []int{0, 1, 2, 3}, []int{2, 0, 3, 1}
	for _, set := range []struct {
		name   string
		clash  bool // records claim what others claimed before them
		landed []soakWay
	}{
		{"clashing", true, []soakWay{{1, inOrder, false}, {2, inOrder, false}, {4, inOrder, false}, {0, inOrder, false}, {4, inOrder, true}}},
		{"clashing, in another order", true, []soakWay{{1, otherwise, false}, {4, otherwise, true}}},
		{"parted", false, []soakWay{{1, inOrder, false}, {4, otherwise, true}}},
	} {
		var wanted []string
		for i, way := range set.landed {
			left := way.land(t, like, set.name, set.clash)
			if i == 0 {
				wanted = left
				continue
			}
			for i := range max(len(left), len(wanted)) {
				if i >= min(len(left), len(wanted)) || left[i] != wanted[i] {
					t.Fatalf("%s: %v differs from %v in line %d: %d and %d lines\n%q\n%q", set.name, way, set.landed[0], i,
						len(left), len(wanted), left[min(i, len(left)):min(i+1, len(left))], wanted[min(i, len(wanted)):min(i+1, len(wanted))])
				}
			}
		}
	}
}

// soakWay is one way in which a million records land.
type soakWay struct {
	lanes   int
	order   []int // of the files
	stopped bool  // and resumed, several times
}

func (way soakWay) land(t *testing.T, like *world, name string, clash bool) (left []string) {
	w := like.fresh(t, "CREATE TABLE groups (id NUMBER, code varchar(20) UNIQUE)",
		"CREATE TABLE items (id NUMBER, group_id bigint NOT NULL REFERENCES groups (id), code varchar(20) UNIQUE, amount integer, name varchar(40), legacy_id varchar(20))")
	w.mapping(`  grp:
    from: {file: groups.csv, key: No}
    to: {table: groups, key: {column: id, new: identity}}
    fields: {code: No}
  item:
    from: {file: "items-*.csv", key: No}
    to: {table: items, key: {column: id, new: identity}}
    fields: {group_id: {ref: grp, from: Group}, code: Code, amount: Amount, name: Name, legacy_id: No}
`)
	soakFiles(t, w.dir, way.order, clash)
	begun, stops := time.Now(), 0
	var out *outcome
	if way.stopped {
		out = w.stopping(t, run.Options{Lanes: way.lanes}, func() int { stops++; return 23 })
	} else {
		out = w.run(run.Options{Lanes: way.lanes})
	}
	took := time.Since(begun)
	t.Logf("%s: %v: %s, %.0f records/s, %d sessions; %v", name, way, took.Round(time.Millisecond), soakRecords/took.Seconds(), max(stops, 1), out.counts["item"])
	if total := out.counts["item"].Total(); total != soakRecords || out.counts["item"][record.Created] < soakRecords*9/10 {
		t.Fatalf("%d records have an end: %v", total, out.counts["item"])
	}
	if way.stopped && stops < 3 {
		t.Fatalf("the run was never stopped: %d sessions", stops)
	}
	own := w.db.Dialect().(sqldb.OwnTables)
	left = w.digest(`SELECT i.legacy_id, g.code, i.code, i.amount, i.name FROM items i JOIN groups g ON g.id = i.group_id ORDER BY i.legacy_id`)
	left = append(left, w.digest(`SELECT c.source_key, i.legacy_id, c.role, c.state FROM `+w.db.Dialect().QuoteName(own.OwnName("crosswalk"))+
		` c LEFT JOIN items i ON i.legacy_id = c.source_key AND CAST(i.id AS text) = c.target_key ORDER BY c.source_key, c.entity_id`)...)
	slices.Sort(out.ends) // files in another order are read in another order
	return append(left, out.ends...)
}

// digest is the number of rows of a query and what they hold.
func (w *world) digest(sql string) []string {
	rows := w.query(sql)
	return []string{fmt.Sprintf("%d rows, %x", len(rows), sha256.Sum256([]byte(strings.Join(rows, "\n"))))}
}

// soakFiles writes records in four files: one in eighty has a parent that is
// missing, one in seventy a number that is none, and where they clash one in a
// hundred has the key of an earlier one and one in ninety its code.
func soakFiles(t *testing.T, dir string, order []int, clash bool) {
	t.Helper()
	lines := []string{"No"}
	for i := range soakGroups {
		lines = append(lines, fmt.Sprintf("g%d", i))
	}
	if err := os.WriteFile(filepath.Join(dir, "groups.csv"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for at, part := range order {
		draw := rand.New(rand.NewPCG(7, uint64(part)))
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("items-%d.csv", at)))
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewWriter(file)
		fmt.Fprintln(out, "No,Group,Code,Amount,Name")
		for i := part * soakRecords / 4; i < (part+1)*soakRecords/4; i++ {
			no, group, code, amount := i, fmt.Sprintf("g%d", draw.IntN(soakGroups)), i, fmt.Sprint(draw.IntN(1e6))
			if clash && draw.IntN(100) == 0 {
				no = draw.IntN(i + 1)
			}
			if clash && draw.IntN(90) == 0 {
				code = draw.IntN(i + 1)
			}
			if draw.IntN(80) == 0 {
				group = "gone"
			}
			if draw.IntN(70) == 0 {
				amount = "much"
			}
			fmt.Fprintf(out, "%d,%s,c%d,%s,name of the item %d\n", no, group, code, amount, i)
		}
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
