package lifetest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"landfall/internal/report"
	"landfall/internal/run"
)

// life is one migration's: a folder with the source, the mapping and the files
// of runs, and a target.
type life struct {
	t      testing.TB
	dir    string
	ground *ground
	env    []string // of its processes
}

// newLife starts from the target that is given, as a copy, and an edition of
// the source.
func newLife(t testing.TB, k kind, from *ground, e edition) *life {
	t.Helper()
	dir := t.TempDir()
	return lifeOn(t, dir, k.newGround(t, dir, from, t.Cleanup), e)
}

func lifeOn(t testing.TB, dir string, g *ground, e edition) *life {
	t.Helper()
	l := &life{t: t, dir: dir, ground: g}
	lay(t, e, dir)
	l.mapTo(g.url)
	return l
}

// mapTo writes the mapping with the target's address.
func (l *life) mapTo(url string) {
	l.t.Helper()
	text := fmt.Sprintf(mappingText, url)
	if l.ground.kind == onSQLite {
		text = strings.Replace(text, `, password: "${`+targetSecret+`}"`, "", 1)
	}
	write(l.t, filepath.Join(l.dir, "landfall.yaml"), text)
}

// stage is one command of a whole life.
type stage struct {
	name    string
	run     string // the name its run gets
	args    []string
	edition edition
	before  *ground // the target as the stage finds it
	after   *digest // and what an unbroken run makes of it
	passes  map[run.Point]int
}

// again is the same command for a run that was broken off, once with resume
// and once with itself.
func (s *stage) again(n int) []string {
	if n%2 == 0 {
		return []string{"resume"}
	}
	return s.args
}

// newStages are a first load, a second run after people worked at both ends,
// and a retry after what was rejected was mended.
func newStages() []*stage {
	return []*stage{
		{name: "load", run: "life-0001", args: []string{"run", "--batch", batchSize}, edition: firstEdition},
		{name: "update", run: "life-0002", args: []string{"run", "--batch", batchSize}, edition: workedOn},
		{name: "retry", run: "life-0003", args: []string{"retry"}, edition: mended},
	}
}

// unbroken is the life that all others are held against, lived once for each
// kind of target.
type unbroken struct {
	once   sync.Once
	stages []*stage
}

var unbrokens = map[kind]*unbroken{onSQLite: {}, onPostgres: {}}

// stages lives the unbroken life when nobody has yet.
func stages(t testing.TB, k kind) []*stage {
	t.Helper()
	k.needs(t)
	u := unbrokens[k]
	u.once.Do(func() {
		l := newLife(t, k, nil, firstEdition)
		made := newStages()
		for _, s := range made {
			if s.edition == workedOn {
				l.ground.exec(t, meddling)
			}
			lay(t, s.edition, l.dir)
			s.before = k.newGround(t, sharedDir(t), l.ground, whenAllEnded)
			counts := filepath.Join(l.dir, "counts")
			l.env = []string{countFile + "=" + counts}
			l.run(exitOpen, s.args...)
			if err := json.Unmarshal([]byte(read(t, counts)), &s.passes); err != nil {
				t.Fatal(err)
			}
			s.after = l.digest(s.run)
			for _, entity := range []string{"region", "customer", "order", "line"} {
				if s.after.Held[entity] != report.FingerprintHeld {
					t.Errorf("%s: the fingerprint of %s is %q", s.name, entity, s.after.Held[entity])
				}
			}
			l.filesTell(s.after, s.run)
		}
		u.stages = made
	})
	if u.stages == nil {
		t.Fatal("the unbroken life failed in another test")
	}
	return u.stages
}

func stageOf(t testing.TB, k kind, name string) *stage {
	t.Helper()
	for _, s := range stages(t, k) {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("no stage %s", name)
	return nil
}
