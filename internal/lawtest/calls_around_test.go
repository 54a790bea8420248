package lawtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/servertest"
)

// text is what a file of the world's folder holds.
func (w *world) text(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// TestCallsReferToParents: records of an API refer to each other by the keys that
// the API gave, and what refers to one that did not land is blocked.
func TestCallsReferToParents(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.file("landfall.yaml", `version: 1
name: acme
connections:
  goal: {url: "http://shelf.test", kind: shelf}
target: goal
entities:
  person:
    from: {file: person.csv, key: [No]}
    to: {table: person, key: {column: id, new: identity}}
    fields: {email: Email, name: Name}
  pal:
    from: {file: pal.csv, key: [No]}
    to: {table: person, key: {column: id, new: identity}}
    fields: {email: Email, name: Name, friend: {from: Friend, ref: person}}
`)
	w.people(3, func(n int) string {
		if n == 1 {
			return "1,p1@x.org,refused"
		}
		return ""
	})
	w.file("pal.csv", "No,Email,Name,Friend", "1,a@x.org,A,2", "2,b@x.org,B,1", "3,c@x.org,C,9", "4,d@x.org,D,")
	out := w.run(run.Options{})
	same(t, "ends", []string{
		"person:0 created", "person:1 failed: check in name", "person:2 created",
		"pal:1 created", "pal:2 blocked: parent-failed in friend", "pal:3 failed: missing-parent in friend", "pal:4 created",
	}, out.ends)
	friend := s.persons[s.byEmail["a@x.org"]]["friend"]
	same(t, "friend", fmt.Sprint(s.byEmail["p2@x.org"]), friend.String())
	w.people(3, nil)
	same(t, "ends of a retry", []string{"person:1 created", "pal:2 created", "pal:3 failed: missing-parent in friend"}, w.run(run.Options{RetryOpen: true}).ends)
}

// TestCallsOfSomeRecords: --only and --limit call for nothing else.
func TestCallsOfSomeRecords(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(9, nil)
	same(t, "counts", ledger.Counts{record.Created: 2}, w.run(run.Options{Only: []record.Ref{{Entity: "person", Key: "4"}, {Entity: "person", Key: "7"}}}).counts["person"])
	same(t, "calls", []string{"create 2"}, s.takeSent())
	same(t, "counts within a limit", ledger.Counts{record.Created: 4, record.Unchanged: 1}, w.run(run.Options{Limit: 5}).counts["person"])
	same(t, "calls within a limit", []string{"create 4"}, s.takeSent())
}

// TestCallsAreHeldBack: rows_per_second holds for records of an API, too.
func TestCallsAreHeldBack(t *testing.T) {
	t.Parallel()
	w, _ := shelfWorld(t)
	w.persons("}")
	w.file("landfall.yaml", strings.Replace(w.text("landfall.yaml"), "kind: shelf}", "kind: shelf, throttle: {rows_per_second: 20}}", 1))
	w.people(30, nil)
	var slowed atomic.Bool
	begun := time.Now()
	out := w.run(run.Options{Records: 5, Observe: func(e run.Event) {
		if e.Kind == run.EventSlowed {
			slowed.Store(true)
		}
	}})
	same(t, "counts", ledger.Counts{record.Created: 30}, out.counts["person"])
	if took := time.Since(begun); took < 250*time.Millisecond || !slowed.Load() {
		t.Errorf("thirty records at twenty a second took %s, and it was said that they wait: %v", took, slowed.Load())
	}
}

// TestCallsAskTheGuard: an API that is protected takes nothing as long as it is
// not armed, and what was called for before it was disarmed is told all the same.
func TestCallsAskTheGuard(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.file("landfall.yaml", strings.Replace(w.text("landfall.yaml"), "kind: shelf}", "kind: shelf, environment: production}", 1))
	w.people(30, nil)
	_, err := w.try(run.Options{}, run.Run)
	var refusal *guard.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("the run was let in: %v", err)
	}
	same(t, "calls", []string(nil), s.takeSent())
}

// TestCallsWithBooksOnAServer: the books may be in another kind of database.
func TestCallsWithBooksOnAServer(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.url = servertest.Database(t)
	w.db = open(t, w.url)
	bare, password := withoutPassword(t, w.url)
	if password != "" {
		password = `, password: "${LAWTEST_PASSWORD}"`
	}
	w.persons("}")
	w.file("landfall.yaml", strings.Replace(w.text("landfall.yaml"), "  goal: {", fmt.Sprintf("  books: {url: %q%s}\n  goal: {books: books, ", bare, password), 1))
	w.people(60, nil)
	s.calls, s.lost = 4, losing(0.2, 0.2, 3)
	same(t, "counts", ledger.Counts{record.Created: 60}, w.run(run.Options{Records: 5}).counts["person"])
	same(t, "made, ever", 60, s.created)
	s.lost = nil
	w.people(60, func(n int) string { return fmt.Sprintf("%d,p%d@x.org,Q%d", n, n, n) })
	same(t, "counts of changes", ledger.Counts{record.Updated: 60}, w.run(run.Options{Records: 5}).counts["person"])
	same(t, "intents", []string{}, w.query("SELECT state FROM landfall.intent"))
}
