package lawtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"landfall/internal/run"
)

// split lays the children out in several files; order says which part of them
// stands in which file.
func (e estate) split(w *world, order []int) {
	text, err := os.ReadFile(filepath.Join(w.dir, "landfall.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.file("landfall.yaml", strings.TrimSpace(strings.Replace(string(text), "children.csv", "\"children-*.csv\"", 1)))
	stale, _ := filepath.Glob(filepath.Join(w.dir, "children-*.csv"))
	for _, name := range stale {
		if err := os.Remove(name); err != nil {
			w.t.Fatal(err)
		}
	}
	for at, part := range order {
		from, to := part*len(e.children)/len(order), (part+1)*len(e.children)/len(order)
		lines := append([]string{"No,Parent,Friend,Code,Mark"}, e.children[from:to]...)
		w.file(fmt.Sprintf("children-%d.csv", at), lines...)
	}
}

// jostle makes lanes overtake each other.
func jostle(p run.Point) {
	if p == run.PointRead || p == run.PointLanded {
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
	}
}

// parted leaves out what comes second, so that no child depends on which of two
// came first.
func (e estate) parted() estate {
	seen := map[string]bool{}
	var children []string
	for _, line := range e.children {
		cells := strings.Split(line, ",")
		key, code := "key "+cells[0], "code "+cells[3]
		if !seen[key] && (!seen[code] || cells[3] == "") {
			children = append(children, line)
		}
		seen[key], seen[code] = true, true
	}
	return estate{e.parents, children}
}

// TestLanes: how many lanes land, which of them is faster, in how many files
// the input comes and how often the run is stopped changes no row, no entry of
// the crosswalk and no disposition; nor does the order in which the files
// arrive, unless it says which of two records comes first.
func TestLanes(t *testing.T) {
	eachTarget(t, func(t *testing.T, like *world) {
		others := like.beside(t)
		checks, most := 0, 8
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > most && !t.Failed() {
				return // each takes several runs; the inputs differ from day to day
			}
			e := drawEstate(rt)
			parted := rapid.Bool().Draw(rt, "parted")
			if parted {
				e = e.parted()
			}
			one := e.world(t, like)
			want := one.run(run.Options{Records: 2, Lanes: 1})
			left := goods(one)

			files := rapid.IntRange(1, 4).Draw(rt, "files")
			inOrder := make([]int, files)
			for i := range inOrder {
				inOrder[i] = i
			}
			lanes := rapid.SampledFrom([]int{0, 2, 4}).Draw(rt, "lanes")
			carry := func(order []int, lanes int) (ends, left []string) {
				other := e.world(t, others)
				e.split(other, order)
				o := run.Options{Records: 2, Lanes: lanes, Points: jostle}
				if rapid.Bool().Draw(rt, "stopped") {
					ends = other.stopAndGo(rt, o).ends
				} else {
					ends = other.run(o).ends
				}
				return ends, goods(other)
			}
			ends, leftBy := carry(inOrder, lanes)
			agree(rt, "ends in several lanes", want.ends, ends)
			agree(rt, "what several lanes left", left, leftBy)

			// Of files that arrive in another order another record may be the first of
			// two; but then it is so in any number of lanes.
			order := rapid.Permutation(inOrder).Draw(rt, "order of the files")
			alone, leftAlone := carry(order, 1)
			ends, leftBy = carry(order, lanes)
			agree(rt, "ends of files in another order", alone, ends)
			agree(rt, "what files in another order left", leftAlone, leftBy)
			if parted {
				agree(rt, "ends in whatever order", sorted(want.ends), sorted(alone))
				agree(rt, "what is left in whatever order", left, leftAlone)
			}
		})
	})
}

func sorted(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	return lines
}
