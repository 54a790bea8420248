package dataload_test

import (
	"slices"
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
)

// What a run created is deleted by its success file; a second time all is absent
// already, and that is no failure.
func TestT22RollbackTwice(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "live@x.org"})
	g.load(0, "-b", "2", g.write("users.csv", users(1, 5)))
	success := g.newest("success")
	s := g.rollback(0, "-x", success)
	g.has(s, "would delete")
	if g.emu.Count("user") != 6 {
		t.Fatalf("a dry run deleted: %d users", g.emu.Count("user"))
	}
	s = g.rollback(0, success)
	g.has(s, "DATALOAD ROLLBACK RESULTS", "\t[5] Delete success. Number of records deleted in database", "\t[0] Delete failures")
	if g.emu.Count("user") != 1 || g.user("live@x.org") == nil {
		t.Errorf("%d users", g.emu.Count("user"))
	}
	if header := g.rows("rollback_success")[0]; !slices.Equal(header, []string{"batch", "line", "uuid", "email"}) {
		t.Errorf("header %v", header)
	}
	g.same("rollback_success", "line", "2", "3", "4", "5", "6")
	s = g.rollback(0, success)
	g.has(s, "\t[5] already absent", "\t[0] Delete failures")
}

// A success file of an older release, with fewer columns in another order, is
// read by its column names; where there are no books, records are deleted by
// their uuids, and that is said.
func TestT22RollbackWithoutBooks(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "a@x.org"}, map[string]any{"email": "b@x.org"})
	uuid := g.user("a@x.org")["uuid"].(string)
	s := g.rollback(0, g.write("success_old.csv", "line,uuid,batch\n2,"+uuid+",1\n"))
	g.has(s, "no books", "\t[1] Delete success")
	if g.user("a@x.org") != nil || g.user("b@x.org") == nil {
		t.Error("the wrong record is gone")
	}
	s = g.rollback(2, g.write("nothing.csv", "batch,line\n1,2\n"))
	g.has(s, "uuid")
}

// What fails without books can be deleted again by uuid from the file that lists
// it; with books it goes through them, as TestT23RollbackOfADelta holds.
func TestT22FailuresCanBeRunAgain(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "a@x.org"}, map[string]any{"email": "b@x.org"})
	text := "batch,line,uuid,email\n1,2," + g.user("a@x.org")["uuid"].(string) + ",a@x.org\n1,3," + g.user("b@x.org")["uuid"].(string) + ",b@x.org\n"
	g.emu.AddFault(cloudemulator.Fault{Operation: deletes, Key: g.user("b@x.org")["uuid"].(string), Call: 1, Do: cloudemulator.APIError, Code: 330})
	s := g.rollback(4, g.write("success_x.csv", text))
	g.has(s, "\t[1] Delete success", "\t[1] Delete failures")
	g.same("rollback_fail", "line", "3")
	g.rollback(0, g.newest("rollback_fail"))
	if g.emu.Count("user") != 0 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
}

// After a delta, what was created is deleted, what was updated is as it was
// before, and what somebody has changed since is listed and stays.
func TestT23RollbackOfADelta(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(
		map[string]any{"email": "u1@x.org", "givenName": "before", "familyName": "kept"},
		map[string]any{"email": "u2@x.org", "givenName": "before"},
	)
	g.load(0, "-m", g.write("users.csv", users(1, 5)))
	g.same("update_success", "email", "u1@x.org", "u2@x.org")
	success := g.newest("success")
	g.change("u2@x.org", `{"givenName":"changed since"}`)
	g.change("u4@x.org", `{"givenName":"changed since"}`)
	s := g.rollback(4, success)
	g.has(s, "\t[2] Delete success. Number of records deleted in database", "\t[1] Restore success", "changed since")
	g.holds("u1@x.org", map[string]any{"givenName": "before", "familyName": "kept"})
	g.holds("u2@x.org", map[string]any{"givenName": "changed since"})
	g.holds("u4@x.org", map[string]any{"givenName": "changed since"})
	if g.user("u3@x.org") != nil || g.user("u5@x.org") != nil {
		t.Error("a created record is still there")
	}
	kept := g.column("rollback_fail", "email")
	slices.Sort(kept)
	if strings.Join(kept, " ") != "u2@x.org u4@x.org" {
		t.Errorf("kept: %v", kept)
	}
	// The file of what stays spares it once more.
	s = g.rollback(4, g.newest("rollback_fail"))
	g.has(s, "\t[0] Delete success", "\t[2] of the failures were changed since")
	if g.user("u2@x.org") == nil || g.user("u4@x.org") == nil {
		t.Error("a user who was changed since is gone")
	}
}
