package dataload_test

import (
	"fmt"
	"testing"

	"landfall/internal/cloudemulator"
	"landfall/internal/run"
)

// thin is a file whose records hold nothing that could be compared but the key.
const thin = "email,password,givenName\nu1@x.org,pw1,\nu2@x.org,pw2,\n"

// Where a record holds nothing but its key, a user who was there before is not
// taken for ours when an answer is lost, and ours are known all the same.
func TestThinRecordsAreNotTakenForOurs(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Call: 1, Do: cloudemulator.ResetAfter}}})
	g.live(map[string]any{"email": "u1@x.org"})
	uuid := g.attribute("u1@x.org", "uuid")
	g.load(4, g.write("users.csv", thin))
	g.same("fail", "email", "u1@x.org")
	g.same("success", "email", "u2@x.org")
	g.rollback(0, g.newest("success"))
	if g.attribute("u1@x.org", "uuid") != uuid || g.emu.Count("user") != 1 {
		t.Error("somebody else's user is gone")
	}
}

// A kill between a call and its answer changes nothing about that.
func TestThinRecordsAreNotTakenForOursAfterAKill(t *testing.T) {
	for _, point := range []run.Point{run.PointIntended, run.PointCalled} {
		t.Run(string(point), func(t *testing.T) {
			g := newGround(t, cloudemulator.Options{})
			g.live(map[string]any{"email": "u1@x.org"})
			args := g.args("dataload", []string{g.write("users.csv", thin)})
			if code, _, s := g.process(fmt.Sprint(point, ":1"), args...); code != -1 {
				t.Fatalf("it was not killed: %s%s", s.out, s.err)
			}
			if code, _, s := g.process("", args...); code != 4 {
				t.Fatalf("exit code %d\n%s%s", code, s.out, s.err)
			}
			g.same("fail", "email", "u1@x.org")
			g.same("success", "email", "u2@x.org")
		})
	}
}

// Users who were there before and hold all that the file has of them are not
// taken for ours either, also where the file says when they were created.
func TestEqualRecordsThatWereThereAreNotOurs(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Call: 1, Do: cloudemulator.ResetAfter}}})
	g.live(map[string]any{"email": "u1@x.org", "givenName": "A", "created": "2015-01-02 03:04:05"})
	g.load(4, g.write("users.csv", "email,givenName,created\nu1@x.org,A,2015-01-02 03:04:05\nu2@x.org,B,2015-01-02 03:04:05\n"))
	g.same("fail", "email", "u1@x.org")
	g.same("success", "email", "u2@x.org")
}
