package dataload_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
	"landfall/internal/run"
)

// mapping is what other commands are given.
func (g *ground) mapping() string {
	g.t.Helper()
	found, err := filepath.Glob(filepath.Join(g.dir, ".landfall", "*", "dataload-user.yaml"))
	if err != nil || len(found) > 1 {
		g.t.Fatalf("mappings: %v, %v", found, err)
	}
	if len(found) == 0 {
		return ""
	}
	return read(g.t, found[0])
}

// A run that was killed goes on at another pace, with other batches and more
// patience: that is how one reacts to a service that throttles.
func TestGoesOnAtAnotherPace(t *testing.T) {
	for _, delta := range []bool{false, true} {
		t.Run(fmt.Sprint("delta=", delta), func(t *testing.T) {
			g := newGround(t, cloudemulator.Options{})
			path := g.write("users.csv", users(1, 30))
			killed := []string{"-b", "5", "-w", "2", path}
			again := []string{"-b", "7", "-w", "4", "-r", "200", "-o", "20", "--patience", "2m", "--retry-codes", "340", path}
			if delta {
				killed, again = append([]string{"-m"}, killed...), append([]string{"-m"}, again...)
			}
			if code, _, s := g.process(string(run.PointCalled)+":2", g.args("dataload", killed)...); code != -1 {
				t.Fatalf("it was not killed: %d\n%s%s", code, s.out, s.err)
			}
			s := g.load(0, again...)
			g.has(s, "\t[30] Total processed users", "\t[30] Import success")
			if g.emu.Count("user") != 30 {
				t.Errorf("%d users", g.emu.Count("user"))
			}
			if text := g.mapping(); !strings.Contains(text, "rate: 200") {
				t.Errorf("other commands are given\n%s", text)
			}
			// It is undone as any other.
			g.rollback(0, g.newest("success"))
			if g.emu.Count("user") != 0 {
				t.Errorf("%d users", g.emu.Count("user"))
			}
		})
	}
}

// A command that is refused, since another one is not finished, leaves the mapping
// alone by which others look at that one.
func TestRefusedCommandLeavesTheMapping(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	first := g.write("users.csv", users(1, 10))
	if code, _, _ := g.process(string(run.PointIntended)+":1", g.args("dataload", []string{"-b", "5", first})...); code != -1 {
		t.Fatal("it was not killed")
	}
	before := g.mapping()
	g.load(2, "-b", "5", g.write("other.csv", "email,familyName\nx@x.org,X\n"))
	if now := g.mapping(); now != before || !strings.Contains(now, "users.csv") {
		t.Errorf("the mapping is now\n%s", now)
	}
	g.load(0, "-b", "5", first)
	g.load(0, filepath.Join(g.dir, "other.csv"))
	if now := g.mapping(); !strings.Contains(now, "other.csv") {
		t.Errorf("the mapping is now\n%s", now)
	}
}

// Of a run that is broken off, what was sent without an answer is in the file to
// be retried, and all that it did not come to is counted: the numbers add up to
// the input.
func TestBrokenOffAccountsForAll(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []cloudemulator.Fault
		sent   bool
	}{
		{"nothing answers", []cloudemulator.Fault{{Operation: bulkCreate, Do: cloudemulator.ResetAfter, Apply: cloudemulator.ApplyAll}, {Operation: "entity.find", Key: "u1@x.org", Do: cloudemulator.HTTPStatus, Status: 503}}, true},
		{"throttled for ever", []cloudemulator.Fault{{Operation: bulkCreate, Do: cloudemulator.APIError, Code: 510}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newGround(t, cloudemulator.Options{Faults: test.faults})
			path := g.write("users.csv", users(1, 20))
			s := g.load(1, "-b", "20", "-w", "2", "--patience", "1s", path)
			if test.sent {
				g.has(s, "\t[20] Import retries", "\t[20] Total processed users")
				if rows := g.rows("retry"); len(rows) != 21 || strings.Join(rows[0], ",") != "email,givenName" || rows[1][0] != "u1@x.org" {
					t.Errorf("retry: %v", rows)
				}
			} else {
				g.has(s, "\t[0] Total processed users", "\t[20] Not loaded")
				g.none("retry")
			}
			g.noFaults()
			g.clear()
			s = g.load(0, "-w", "2", path)
			g.has(s, "\t[20] Total processed users", "\t[20] Import success")
			g.none("retry")
			if strings.Contains(s.out, "Not loaded") || g.emu.Count("user") != 20 {
				t.Errorf("%d users\n%s", g.emu.Count("user"), s.out)
			}
		})
	}
}
