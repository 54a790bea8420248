package dataload_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"landfall/internal/cloudemulator"
)

// What a rollback has left alone is judged by the same books when its file of
// failures is given back: who was only updated, or was changed since, is never
// deleted for being listed there.
func TestRollbackOfFailuresKeepsWhoWasThereBefore(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "u2@x.org", "givenName": "before"})
	g.load(0, "-m", g.write("users.csv", users(1, 4)))
	g.change("u2@x.org", `{"givenName":"changed since"}`)
	g.change("u4@x.org", `{"givenName":"changed since"}`)
	g.rollback(4, g.newest("success"))
	fail := g.newest("rollback_fail")
	s := g.rollback(4, fail)
	g.has(s, "\t[0] Delete success", "\t[1] Delete failures", "\t[1] Restore failures", "\t[2] of the failures were changed since")
	g.same("rollback_fail", "email", "u2@x.org", "u4@x.org")
	s = g.rollback(4, g.newest("rollback_fail")) // and once more, by the file of that one
	g.has(s, "\t[0] Delete success")
	g.holds("u2@x.org", map[string]any{"givenName": "changed since"})
	g.holds("u4@x.org", map[string]any{"givenName": "changed since"})
	if g.emu.Count("user") != 2 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
	// Of another workspace's file nobody knows whom it spares.
	text, err := os.ReadFile(fail)
	if err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(t.TempDir(), filepath.Base(fail))
	if err := os.WriteFile(away, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s = g.rollback(2, "--workspace", t.TempDir(), away)
	g.has(s, "no books tell which run it is of", "Nothing was sent")
	if g.emu.Count("user") != 2 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
}

// restamp gives the newest file of a kind another name, in another folder.
func (g *ground) restamp(kind, folder, stamp string) string {
	g.t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		g.t.Fatal(err)
	}
	path := filepath.Join(folder, kind+"_"+stamp+".csv")
	if err := os.Rename(g.newest(kind), path); err != nil {
		g.t.Fatal(err)
	}
	g.clear()
	return path
}

// A rollback touches no record that the file does not list, whatever run has
// written a file of the same name, and however many rows it has.
func TestRollbackKeepsToWhatTheFileLists(t *testing.T) {
	t.Run("two runs of one name", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		g.load(0, g.write("a.csv", users(1, 1)))
		stamp := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(g.newest("success")), "success_"), ".csv")
		first := g.restamp("success", filepath.Join(g.dir, "a"), stamp)
		g.load(0, g.write("b.csv", users(2, 1)))
		other := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(g.newest("success")), "success_"), ".csv")
		g.restamp("success", filepath.Join(g.dir, "b"), stamp)
		g.notes(func(text string) string { return strings.ReplaceAll(text, other, stamp) })
		s := g.rollback(0, first)
		g.has(s, "\t[1] Delete success")
		if g.user("u1@x.org") != nil || g.user("u2@x.org") == nil {
			t.Error("the other run's record is gone")
		}
	})
	t.Run("a row twice in place of another", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		g.live(map[string]any{"email": "u3@x.org", "givenName": "before"})
		g.load(0, "-m", g.write("a.csv", users(1, 3)))
		success := g.newest("success")
		rows := strings.SplitAfter(read(t, success), "\n")
		if err := os.WriteFile(success, []byte(rows[0]+rows[1]+rows[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		s := g.rollback(0, success)
		g.has(s, "\t[1] Delete success")
		if g.user("u1@x.org") != nil || g.user("u2@x.org") == nil {
			t.Error("a record is gone that is not listed")
		}
		g.holds("u3@x.org", map[string]any{"givenName": "User 3"})
	})
	t.Run("another name", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		g.load(0, g.write("a.csv", users(1, 2)))
		g.change("u2@x.org", `{"givenName":"changed since"}`)
		renamed := filepath.Join(g.dir, "to-undo.csv")
		if err := os.Rename(g.newest("success"), renamed); err != nil {
			t.Fatal(err)
		}
		s := g.rollback(4, renamed)
		g.has(s, "\t[1] Delete success", "changed since")
		g.holds("u2@x.org", map[string]any{"givenName": "changed since"})
	})
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// notes rewrites what the workspace knows of files.
func (g *ground) notes(change func(string) string) {
	g.t.Helper()
	found, err := filepath.Glob(filepath.Join(g.dir, ".landfall", "*", "*.files"))
	if err != nil || len(found) != 1 {
		g.t.Fatalf("notes: %v, %v", found, err)
	}
	if err := os.WriteFile(found[0], []byte(change(read(g.t, found[0]))), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// A dry run of a rollback tells what is left to undo, and without books that
// nobody is spared.
func TestRollbackForetold(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "u3@x.org", "givenName": "before"})
	g.load(0, "-m", g.write("users.csv", users(1, 5)))
	success := g.newest("success")
	s := g.rollback(0, "-x", success)
	g.has(s, "\t[4] would delete", "\t[1] would restore", "What somebody has changed since would stay")
	s = g.rollback(0, "-x", "--workspace", t.TempDir(), success)
	g.has(s, "\t[4] would delete", "No books of the run are there")
	if strings.Contains(s.out, "would stay.\n") && strings.Contains(s.out, "What somebody has changed since would stay") {
		t.Errorf("it promises what it does not keep:\n%s", s.out)
	}
	g.rollback(0, success)
	s = g.rollback(0, "-x", success)
	g.has(s, "\t[0] would delete", "\t[0] would restore", "\t[5] are undone already")
}

// A delete whose answer was lost is counted as one that was carried out.
func TestRollbackCountsLostDeletes(t *testing.T) {
	for _, books := range []bool{true, false} {
		t.Run(fmt.Sprint("books=", books), func(t *testing.T) {
			g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: deletes, Call: 1, Do: cloudemulator.ResetAfter, Apply: cloudemulator.ApplyAll}}})
			g.load(0, g.write("users.csv", users(1, 2)))
			args := []string{g.newest("success")}
			if !books {
				args = append(args, "--workspace", t.TempDir())
			}
			s := g.rollback(0, args...)
			g.has(s, "\t[2] Delete success")
			if g.emu.Count("user") != 0 {
				t.Errorf("%d users", g.emu.Count("user"))
			}
		})
	}
}

// A password that was written over cannot be given back, so its user is not among
// those who are as they were before.
func TestRollbackTellsOfPasswords(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "u1@x.org", "givenName": "before", "password": "live"}, map[string]any{"email": "u2@x.org", "givenName": "before", "password": "live"})
	path := g.write("users.csv", "email,givenName,password\nu1@x.org,after,of the file\nu2@x.org,after,of the file\nu3@x.org,new,of the file\n")
	s := g.load(0, "-m", "--overwrite-passwords", path)
	g.has(s, "no rollback can give them back")
	s = g.rollback(4, g.newest("success"))
	g.has(s, "\t[1] Delete success", "\t[0] Restore success", "\t[2] Restore failures")
	g.same("rollback_fail", "email", "u1@x.org", "u2@x.org")
	for _, reason := range g.column("rollback_fail", "error") {
		if !strings.Contains(reason, "but for password") {
			t.Errorf("said %q", reason)
		}
	}
	g.holds("u1@x.org", map[string]any{"givenName": "before"})
	// Where passwords were left alone, all is as it was.
	g.clear()
	s = g.load(0, "-m", path)
	if strings.Contains(s.err, "no rollback") {
		t.Errorf("said\n%s", s.err)
	}
	s = g.rollback(0, g.newest("success"))
	g.has(s, "\t[2] Restore success", "\t[0] Restore failures")
}

// Who was changed since the load in what the file does not have, as by logging in
// or by another password, is not deleted; whom only we have written is.
func TestRollbackSparesWhoWasThereSince(t *testing.T) {
	for _, test := range []struct{ name, header, cell string }{
		{"the service dates it", "email", ""},
		{"the file dates it", "email,created", ",2019-05-22 10:55:07"},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := &clock{}
			g := newGround(t, cloudemulator.Options{Clock: clock.now})
			text := test.header + "\n"
			for i := 1; i <= 4; i++ {
				text += fmt.Sprintf("u%d@x.org%s\n", i, test.cell)
			}
			g.load(0, g.write("users.csv", text))
			success := g.newest("success")
			// A delta that is undone again is no change of somebody else.
			clock.add(time.Hour)
			g.load(0, "-m", g.write("delta.csv", "email,givenName\nu4@x.org,Dora\n"))
			g.same("update_success", "email", "u4@x.org")
			g.rollback(0, g.newest("success"))
			g.change("u1@x.org", `{"givenName":"Ann"}`)
			g.change("u2@x.org", `{"password":"another"}`)
			s := g.rollback(4, success)
			g.has(s, "\t[2] Delete success", "\t[2] of the failures were changed since")
			g.same("rollback_fail", "email", "u1@x.org", "u2@x.org")
			if g.user("u1@x.org") == nil || g.user("u2@x.org") == nil || g.user("u3@x.org") != nil || g.user("u4@x.org") != nil {
				t.Error("the wrong users are gone")
			}
		})
	}
}

// clock is a service's, and can be put on.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) add(ahead time.Duration) { c.ahead.Add(int64(ahead)) }

// Records that the run left alone are none that a rollback deletes.
func TestRollbackLeavesOutWhatWasLeftAlone(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.load(0, g.write("1.csv", users(1, 4)))
	g.clear()
	g.load(0, "-m", g.write("2.csv", "email,givenName\nu1@x.org,User 1\nu2@x.org,Other\nu3@x.org,User 3\nu5@x.org,New\nu6@x.org,New\n"))
	s := g.rollback(0, g.newest("success"))
	g.has(s, "\t[2] Delete success", "\t[1] Restore success")
	g.same("rollback_success", "email", "u2@x.org", "u5@x.org", "u6@x.org")
	if g.emu.Count("user") != 4 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
}
