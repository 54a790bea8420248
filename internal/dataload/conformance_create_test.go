package dataload_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/cloudemulator"
)

// Batches have as many records as asked for, and each record has the line of its
// own, the one of a last batch of one record included.
func TestT01BatchesAndLines(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.load(0, "-b", "3", g.write("users.csv", users(1, 4)))
	var sizes []int
	for _, call := range g.calls(bulkCreate) {
		sizes = append(sizes, call.Records)
	}
	slices.Sort(sizes)
	if diff := cmp.Diff([]int{1, 3}, sizes); diff != "" {
		t.Error(diff)
	}
	g.same("success", "line", "2", "3", "4", "5")
	g.same("success", "batch", "1", "1", "1", "2")
	g.same("success", "email", "u1@x.org", "u2@x.org", "u3@x.org", "u4@x.org")
	if header := g.rows("success")[0]; !slices.Equal(header, []string{"batch", "line", "uuid", "email"}) {
		t.Errorf("header %v", header)
	}
	if header := g.rows("fail")[0]; !slices.Equal(header, []string{"batch", "line", "email", "error"}) {
		t.Errorf("header %v", header)
	}
	for i, uuid := range g.column("success", "uuid") {
		if want := g.user("u" + strconv.Itoa(i+1) + "@x.org")["uuid"]; uuid != want {
			t.Errorf("uuid %s, want %v", uuid, want)
		}
	}
	g.none("retry")
}

// A call that the service refuses for its limits is made again, later each time,
// and leaves nothing to be retried by hand.
func TestT02ThrottledCallsAreMadeAgain(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "u4@x.org", Call: 1, Times: 2, Do: cloudemulator.APIError, Code: 510}}})
	g.load(0, "-b", "3", "-w", "1", g.write("users.csv", users(1, 6)))
	g.same("success", "line", "2", "3", "4", "5", "6", "7")
	g.none("retry")
	var tries []time.Time
	for _, call := range g.calls(bulkCreate) {
		if strings.Contains(call.Parameters.Get("all_attributes"), "u4@x.org") {
			tries = append(tries, call.Started)
		}
	}
	if len(tries) != 3 {
		t.Fatalf("%d tries", len(tries))
	}
	first, second := tries[1].Sub(tries[0]), tries[2].Sub(tries[1])
	if first < 50*time.Millisecond || second <= first {
		t.Errorf("waited %s, then %s: expected to wait, and longer the second time", first, second)
	}
	if g.emu.Count("user") != 6 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
}

// When the answer is lost and all was carried out, every record is looked up and
// found, and none is created twice.
func TestT03LostAnswersAreVerified(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "u4@x.org", Call: 1, Do: cloudemulator.ResetAfter}}})
	s := g.load(0, "-b", "3", g.write("users.csv", users(1, 6)))
	g.has(s, "\t[6] Import success. Number of new records inserted in database", "\t[3] success (verified)")
	g.same("success", "line", "2", "3", "4", "5", "6", "7")
	g.none("retry")
	if g.emu.Count("user") != 6 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
	if created := g.created(); created != 6 {
		t.Errorf("records were sent for creation %d times, want 6", created)
	}
	g.logs("success (verified): 3")
}

// created is how many records were sent to be created, over all calls.
func (g *ground) created() int {
	n := 0
	for _, call := range g.calls(bulkCreate) {
		n += call.Records
	}
	return n
}

// logs wants texts in the log of everything.
func (g *ground) logs(texts ...string) {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join(g.dir, "dataload.log"))
	if err != nil {
		g.t.Fatal(err)
	}
	for _, want := range texts {
		if !strings.Contains(string(text), want) {
			g.t.Errorf("dataload.log has no %q:\n%s", want, text)
		}
	}
}

// When part of a call was carried out before its answer was lost, that part is
// verified, the rest is created, and the numbers add up.
func TestT04HalfDoneCalls(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "u4@x.org", Call: 1, Do: cloudemulator.ResetAfter, Apply: 2}}})
	s := g.load(0, "-b", "3", g.write("users.csv", users(1, 6)))
	g.has(s, "\t[6] Total processed users", "\t[6] Import success", "\t[2] success (verified)")
	g.same("success", "line", "2", "3", "4", "5", "6", "7")
	if g.emu.Count("user") != 6 || g.created() != 7 {
		t.Errorf("%d users, %d records sent; want 6 and 7", g.emu.Count("user"), g.created())
	}
}

// Somebody else's record with the same e-mail address is not taken for what a
// lost answer was about.
func TestT05SomebodyElsesRecordIsNotOurs(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "u4@x.org", Call: 1, Do: cloudemulator.ResetAfter}}})
	g.live(map[string]any{"email": "u5@x.org", "givenName": "Somebody else"})
	s := g.load(4, "-b", "3", g.write("users.csv", users(1, 6)))
	g.has(s, "\t[5] Import success", "\t[1] Import failures", "\t[2] success (verified)")
	g.same("fail", "line", "6")
	g.same("fail", "email", "u5@x.org")
	g.same("success", "line", "2", "3", "4", "5", "7")
	g.holds("u5@x.org", map[string]any{"givenName": "Somebody else"})
	if errors := g.column("fail", "error"); !strings.Contains(errors[0], "holds the value already") {
		t.Errorf("error %q", errors[0])
	}
}

// With a marker ours is told from others' also where the content is the same.
func TestT05MarkersTellOurs(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "u1@x.org", Call: 1, Do: cloudemulator.ResetAfter}}})
	g.live(map[string]any{"email": "u2@x.org", "givenName": "User 2"})
	g.load(4, "--marker", "externalId", g.write("users.csv", users(1, 3)))
	g.same("fail", "email", "u2@x.org")
	g.same("success", "email", "u1@x.org", "u3@x.org")
	if g.attribute("u1@x.org", "externalId") == nil || g.attribute("u2@x.org", "externalId") != nil {
		t.Error("the marker is not where it must be")
	}
}

// HTTP errors of gateways, with pages instead of JSON, leave it open what became
// of a call: they are never the end of a record.
func TestT06GatewayErrorsAreNoEnd(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503, 504} {
		for _, apply := range []int{cloudemulator.ApplyNone, cloudemulator.ApplyAll} {
			t.Run(strconv.Itoa(status)+"/"+strconv.Itoa(apply), func(t *testing.T) {
				if status == 429 && apply == cloudemulator.ApplyAll {
					apply = cloudemulator.ApplyNone // it means that nothing was done
				}
				g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Call: 1, Do: cloudemulator.HTTPStatus, Status: status, Apply: apply}}})
				s := g.load(0, "-b", "3", g.write("users.csv", users(1, 3)))
				g.has(s, "\t[3] Import success", "\t[0] Import failures")
				g.none("retry")
				if g.emu.Count("user") != 3 {
					t.Errorf("%d users", g.emu.Count("user"))
				}
			})
		}
	}
}

// An answer that is no JSON, has no stat, or too few results leaves no record
// without an end.
func TestT07SpoiltAnswers(t *testing.T) {
	for _, kind := range []cloudemulator.FaultKind{cloudemulator.BrokenJSON, cloudemulator.NoStat, cloudemulator.ShortResults} {
		t.Run(string(kind), func(t *testing.T) {
			g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "u4@x.org", Call: 1, Do: kind}}})
			s := g.load(0, "-b", "3", g.write("users.csv", users(1, 6)))
			// Of results that are too few nobody knows whose are missing.
			g.has(s, "\t[6] Import success", "\t[3] success (verified)")
			g.same("success", "line", "2", "3", "4", "5", "6", "7")
			if g.emu.Count("user") != 6 {
				t.Errorf("%d users", g.emu.Count("user"))
			}
		})
	}
}

// A gateway that finds a call too large may answer 403 and say no more: the call is
// made in parts, and the credentials, which are right, are not blamed.
func TestForbiddenForItsSize(t *testing.T) {
	g := newGround(t, cloudemulator.Options{MaxBody: 1500, OversizeStatus: http.StatusForbidden})
	g.load(0, g.write("users.csv", users(1, 40)))
	if n := len(g.column("success", "email")); n != 40 {
		t.Errorf("%d of 40 landed", n)
	}
}

// A column that the service does not know would fail every row: it is told before
// anything is sent.
func TestUnknownColumnIsToldBeforeSending(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	out := g.load(2, g.write("users.csv", "email,gvenName\nu1@x.org,Ada\n"))
	if n := len(g.calls(bulkCreate)); n != 0 {
		t.Errorf("%d calls were made to create users", n)
	}
	if !strings.Contains(out.err, "gvenName") || !strings.Contains(out.err, "Nothing was sent") {
		t.Errorf("it says: %s", out.err)
	}
}
