package lifetest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/run"
	"landfall/internal/servertest"
)

// The wave is a small migration into a live system: the target is protected,
// keys are made of row numbers that both entities share, and an index is away
// while owners land. Some records fail, and what refers to them is blocked.
const waveMapping = `version: 1
name: wave
connections:
  goal:
    url: %q
    password: "${LANDFALL_LIFE_PASSWORD}"
    environment: production
    guard: {window: {from: "00:00", to: "24:00", zone: UTC, allow: [indexes]}}
    throttle: {pause_while: "SELECT on_sale FROM shop", check_every: 100ms}
target: goal
entities:
  owner:
    from: {file: owners.csv, key: No}
    to: {table: owners, key: {column: id, new: offset, base: 1000, space: all}}
    fields: {name: Name}
    indexes: rebuild
  meter:
    from: {file: meters.csv, key: No}
    to: {table: meters, key: {column: id, new: offset, base: 1000, space: all}}
    fields: {owner_id: {ref: owner, from: Owner}, place: Place}
`

const waveSchema = `CREATE TABLE shop (on_sale integer);
INSERT INTO shop VALUES (0);
CREATE TABLE owners (id bigint PRIMARY KEY, name varchar(12) NOT NULL);
CREATE INDEX owners_by_name ON owners (name);
CREATE INDEX owners_by_length ON owners (length(name));
CREATE TABLE meters (id bigint PRIMARY KEY, owner_id bigint NOT NULL REFERENCES owners (id), place varchar(12));
INSERT INTO owners VALUES (1004, 'was there')`

const (
	ownerCount = 30
	meterCount = 40
)

// waveLife is a wave before its run; the target is armed for it.
func waveLife(t testing.TB, k kind) *life {
	t.Helper()
	k.needs(t)
	dir := t.TempDir()
	l := &life{t: t, dir: dir}
	if k == onPostgres {
		l.ground = newDatabase(t, os.Getenv(servertest.PostgresVariable), nil, t.Cleanup)
		l.ground.exec(t, "DROP TABLE lines;\nDROP TABLE orders;\nDROP TABLE customers;\nDROP TABLE regions")
	} else {
		l.ground = &ground{kind: k, url: "sqlite:target.db", dir: dir}
		write(t, l.ground.file(), "")
	}
	l.wave()
	return l
}

// wave lays the wave's source and target out where the life is, and arms the
// target.
func (l *life) wave() {
	l.t.Helper()
	l.ground.exec(l.t, waveSchema)
	text := fmt.Sprintf(waveMapping, l.ground.url)
	if l.ground.kind == onSQLite {
		text = strings.Replace(text, "    password: \"${LANDFALL_LIFE_PASSWORD}\"\n", "", 1)
	}
	write(l.t, filepath.Join(l.dir, "landfall.yaml"), text)
	owners, meters := []string{"No,Name"}, []string{"No,Owner,Place"}
	for i := 1; i <= ownerCount; i++ {
		name := fmt.Sprintf("owner %d", i)
		if i%9 == 0 {
			name = "a name that is too long"
		}
		owners = append(owners, fmt.Sprintf("%d,%s", i, name))
	}
	for i := 1; i <= meterCount; i++ {
		meters = append(meters, fmt.Sprintf("%d,%d,shed %d", i, 1+i%ownerCount, i))
	}
	write(l.t, filepath.Join(l.dir, "owners.csv"), strings.Join(owners, "\n")+"\n")
	write(l.t, filepath.Join(l.dir, "meters.csv"), strings.Join(meters, "\n")+"\n")
	l.arm("1h")
}

// armAgain opens the target where the engine has closed it.
func (l *life) armAgain() {
	l.t.Helper()
	if !l.guard().Armed {
		l.arm("1h")
	}
}

func (l *life) own(table string) string {
	if l.ground.kind == onSQLite {
		return "landfall_" + table
	}
	return "landfall." + table
}

// waveRun is the command that carries the wave.
var waveRun = []string{"run", "--mode", "insert-only", "--batch", "6"}

// landed is what a wave comes to, whatever broke it off on the way: rows with
// their keys, what the crosswalk and the ledger say of each record, and the
// indexes.
func (l *life) landed() []string {
	l.t.Helper()
	var found []string
	for _, query := range []string{
		"SELECT id, name FROM owners",
		"SELECT m.id, m.place, o.name FROM meters m JOIN owners o ON o.id = m.owner_id",
		"SELECT e.name, c.source_key, c.target_key, c.role, c.state FROM " + l.own("crosswalk") + " c JOIN " + l.own("entity") + " e ON e.id = c.entity_id",
		"SELECT e.name, n.source_key, n.record_no, n.disposition, n.step, n.field, n.code FROM " + l.own("entry") + " n JOIN " + l.own("entity") + " e ON e.id = n.entity_id WHERE n.run_id = 1",
	} {
		found = append(found, "--")
		found = append(found, l.sorted(query)...)
	}
	return append(append(found, "--"), l.indexes()...)
}

func (l *life) sorted(query string) []string {
	l.t.Helper()
	rows := []string{}
	for _, row := range l.ground.query(l.t, query) {
		rows = append(rows, strings.Join(row, "|"))
	}
	slices.Sort(rows)
	return rows
}

// indexes are the definitions of the indexes of owners.
func (l *life) indexes() []string {
	if l.ground.kind == onSQLite {
		return l.sorted("SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'owners' AND sql IS NOT NULL")
	}
	return l.sorted("SELECT indexdef FROM pg_indexes WHERE tablename = 'owners'")
}

// waveEnded wants the wave to have come to its end: the target is closed by the
// engine, its audit holds, and no index is away.
func (l *life) waveEnded() {
	l.t.Helper()
	told := l.run(exitLanded, "guard", "status", "--verify")
	mentions(l.t, told, "not armed: disarmed by landfall", "completed", "The audit holds")
	l.run(exitLanded, "indexes")
}

// waves holds what an unbroken wave comes to, run once for each kind of target.
var waves = map[kind]*unbrokenWave{onSQLite: {}, onPostgres: {}}

type unbrokenWave struct {
	once   sync.Once
	landed []string
	passes map[run.Point]int
}

func wholeWave(t testing.TB, k kind) *unbrokenWave {
	t.Helper()
	u := waves[k]
	k.needs(t)
	u.once.Do(func() {
		l := waveLife(t, k)
		counts := filepath.Join(l.dir, "counts")
		l.env = []string{countFile + "=" + counts}
		l.run(exitOpen, waveRun...)
		if err := json.Unmarshal([]byte(read(t, counts)), &u.passes); err != nil {
			t.Fatal(err)
		}
		l.env = nil
		l.waveEnded()
		u.landed = l.landed()
	})
	if u.landed == nil {
		t.Fatal("the unbroken wave failed in another test")
	}
	return u
}

// asWhole fails unless the wave came to the end of an unbroken one.
func (l *life) asWhole() {
	l.t.Helper()
	if diff := cmp.Diff(wholeWave(l.t, l.ground.kind).landed, l.landed()); diff != "" {
		l.t.Errorf("not as unbroken:\n%s", diff)
	}
}

// middle is the pass of a point in the middle of an unbroken wave.
func (u *unbrokenWave) middle(t testing.TB, point run.Point) int {
	t.Helper()
	if u.passes[point] == 0 {
		t.Fatalf("%s is never passed", point)
	}
	return (u.passes[point] + 1) / 2
}
