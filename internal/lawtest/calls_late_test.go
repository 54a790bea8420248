package lawtest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
)

// TestCallsThatComeLate: where nothing at the API would keep a record from being
// there twice, a call that is carried out only after somebody looked for it is
// waited for, and that is told.
func TestCallsThatComeLate(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(1, nil)
	s.twins = true
	s.arrives = func(call int, carryOut func()) bool {
		if call == 1 {
			time.AfterFunc(time.Second, carryOut)
		}
		return call == 1
	}
	var mu sync.Mutex
	told := false
	out := w.run(run.Options{Observe: func(e run.Event) {
		mu.Lock()
		defer mu.Unlock()
		told = told || e.Kind == run.EventWaiting && strings.Contains(e.Message, "looking once more")
	}})
	same(t, "counts", ledger.Counts{record.Created: 1}, out.counts["person"])
	same(t, "made, ever", 1, s.created)
	same(t, "told that it waits", true, told)
}

// TestCallsThatComeBetween: a change that is carried out between the look for it
// and its repeat is not taken for somebody's edit.
func TestCallsThatComeBetween(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(1, nil)
	w.run(run.Options{})
	w.people(1, func(int) string { return "0,p0@x.org,New" })
	var first func()
	s.arrives = func(_ int, carryOut func()) bool {
		if first == nil {
			first = carryOut
			return true
		}
		first()
		return false
	}
	same(t, "ends", []string{"person:0 updated"}, w.run(run.Options{}).ends)
	same(t, "persons", []string{"p0@x.org New"}, s.all())
}

// TestCallsAreAskedAfterAtLeastOnce: however short patience is, a record ends
// unknown only after the API was asked for it.
func TestCallsAreAskedAfterAtLeastOnce(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(3, nil)
	s.lost = func(int) (bool, bool) { return false, true }
	same(t, "counts", ledger.Counts{record.Created: 3}, w.run(run.Options{Patience: time.Millisecond}).counts["person"])
}

// TestCallsThatAreNotCarriedOut: what the API puts off until patience ends has
// failed, and is no riddle.
func TestCallsThatAreNotCarriedOut(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(3, nil)
	s.busy = true
	out := w.run(run.Options{Patience: 200 * time.Millisecond})
	same(t, "counts", ledger.Counts{record.Failed: 3}, out.counts["person"])
	if said := out.told[0].Message; !strings.Contains(said, "come back later") || !strings.Contains(said, "not carried out") {
		t.Errorf("it does not say what happened: %s", said)
	}
	same(t, "intents", []string{}, w.query("SELECT state FROM landfall_intent"))
	s.busy = false
	same(t, "counts of a retry", ledger.Counts{record.Created: 3}, w.run(run.Options{RetryOpen: true}).counts["person"])
}

// TestCallsInPartAndLost: a change that was carried out in part, whose answer is
// lost and whose rest is refused, is remembered as what is there.
func TestCallsInPartAndLost(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(1, nil)
	w.run(run.Options{})
	lost := false
	s.lost = func(int) (bool, bool) {
		if lost {
			return false, false
		}
		lost = true
		s.mu.Lock()
		defer s.mu.Unlock()
		id := s.byEmail["p0@x.org"]
		s.persons[id]["email"] = record.Text("new@x.org")
		s.byEmail["new@x.org"] = id
		s.version[id]++
		return true, false
	}
	w.people(1, func(int) string { return "0,new@x.org,refused" })
	same(t, "ends", []string{"person:0 failed: partial in name"}, w.run(run.Options{}).ends)
	w.people(1, func(int) string { return "0,new@x.org,New" })
	same(t, "ends when it is mended", []string{"person:0 updated"}, w.run(run.Options{}).ends)
	same(t, "persons", []string{"new@x.org New"}, s.all())
}

// TestCallsOfAnotherHolder: calls that are sent again ask first whether another
// worker has taken over meanwhile.
func TestCallsOfAnotherHolder(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(3, nil)
	s.lost = func(call int) (bool, bool) { return call == 1, false }
	taken := sync.OnceFunc(func() { w.exec("UPDATE landfall_lease SET epoch = epoch + 1") })
	_, err := w.try(run.Options{Points: func(p run.Point) {
		if p == run.PointCalling {
			taken()
		}
	}}, run.Run)
	if !errors.Is(err, books.ErrLeaseLost) {
		t.Errorf("expected the lease to be lost, got %v", err)
	}
	same(t, "made, ever", 0, s.created)
}

// TestCallsClaimRows: a row that a call is about to take over, or may have, is not
// taken over by another record.
func TestCallsClaimRows(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	s.has("p1@x.org", "One")
	w.persons(", match: [email]}\n    on_match: update")
	w.file("person.csv", "No,Email,Name", "1,p1@x.org,Ours")
	s.lost = func(int) (bool, bool) { return true, false }
	s.mute = func() bool { return true }
	same(t, "counts", ledger.Counts{record.Unknown: 1}, w.run(run.Options{Patience: time.Millisecond}).counts["person"])
	s.lost = nil
	w.file("person.csv", "No,Email,Name", "2,P1@x.org,Others")
	same(t, "ends", []string{"person:2 failed: match-claimed in email"}, w.run(run.Options{}).ends)
	same(t, "persons", []string{"p1@x.org One"}, s.all())
	s.mute = nil
	w.file("person.csv", "No,Email,Name", "1,p1@x.org,Ours")
	same(t, "ends of the first", []string{"person:1 updated"}, w.run(run.Options{}).ends)
	same(t, "persons", []string{"p1@x.org Ours"}, s.all())
}

// TestCallsThatNeverArrive: a record that was sent again until patience ended, and
// was not there at the last look, stays unknown, so that a retry looks first.
func TestCallsThatNeverArrive(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(3, nil)
	s.lost = func(int) (bool, bool) { return true, false }
	same(t, "counts", ledger.Counts{record.Unknown: 3}, w.run(run.Options{Patience: 50 * time.Millisecond}).counts["person"])
	same(t, "intents", []string{"sent|3"}, w.query("SELECT state, count(*) FROM landfall_intent GROUP BY state"))
	s.lost = nil
	same(t, "counts of a retry", ledger.Counts{record.Created: 3}, w.run(run.Options{RetryOpen: true}).counts["person"])
	same(t, "made, ever", 3, s.created)
}
