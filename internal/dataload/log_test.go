package dataload_test

import (
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
)

// Logs name records by their lines, and hold no key of one, whatever is wrong with
// it.
func TestLogsNameNobody(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Call: 1, Do: cloudemulator.ResetAfter, Apply: 1}}})
	g.live(map[string]any{"email": "b@x.org"})
	twice := "email,birthday\na@x.org,1980-01-02\nb@x.org,\nc@x.org,1980-13-02\nd@x.org,\nD@x.org,\n"
	g.load(4, g.write("users.csv", twice))
	s := g.load(2, "-m", g.write("twice.csv", "email\nk@x.org\nK@x.org\n"))
	g.has(s, "k@x.org") // people are told
	g.rollback(0, g.newest("success"))
	logs, err := filepath.Glob(filepath.Join(g.dir, "*.log"))
	if err != nil || len(logs) != 4 {
		t.Fatalf("logs: %v, %v", logs, err)
	}
	for _, path := range logs {
		text := read(t, path)
		if strings.Contains(strings.ToLower(text), "@x.org") {
			t.Errorf("%s names somebody:\n%s", filepath.Base(path), text)
		}
		if filepath.Base(path) == "dataload.log" && (!strings.Contains(text, "line 6") || !strings.Contains(text, "brings the same key")) {
			t.Errorf("%s says nothing of the lines:\n%s", filepath.Base(path), text)
		}
	}
}

// Where too many records fail, the command says how itself goes on.
func TestTooManyFailures(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	text := "email,birthday\n"
	for i := range 8 {
		text += string(rune('a'+i)) + "@x.org,nonsense\n"
	}
	path := g.write("users.csv", text)
	s := g.load(1, "-b", "2", "-w", "1", "--stop-after", "3", path)
	g.has(s, "too many records fail", "--stop-after none", "--fresh")
	if strings.Contains(s.err, "landfall resume") || strings.Contains(s.err, "abandon") {
		t.Errorf("said\n%s", s.err)
	}
	s = g.load(4, "-b", "2", "-w", "1", "--stop-after", "none", path)
	g.has(s, "\t[8] Import failures")
}
