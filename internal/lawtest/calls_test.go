package lawtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

// TestCallsLandRecords: what an API is given is remembered as what a database is
// given: a second run writes nothing, a change is one update, and what the API
// refuses fails with its reason.
func TestCallsLandRecords(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.file("person.csv", "No,Email,Name", "1,ada@x.org,Ada", "2,bob@x.org,Bob", "3,BOB@x.org,Bobby", "4,cy@x.org,refused")
	first := w.run(run.Options{Records: 2})
	same(t, "ends", []string{
		"person:1 created", "person:2 created", "person:3 failed: duplicate-key in email", "person:4 failed: check in name",
	}, first.ends)
	same(t, "persons", []string{"ada@x.org Ada", "bob@x.org Bob"}, s.all())
	s.takeSent()

	second := w.run(run.Options{Records: 2})
	same(t, "counts", ledger.Counts{record.Unchanged: 2, record.Failed: 2}, second.counts["person"])
	same(t, "calls of a second run", []string{"create 1"}, s.takeSent()) // what was refused is tried again

	w.file("person.csv", "No,Email,Name", "1,ada@x.org,Ada L.", "2,bob@x.org,Bob")
	third := w.run(run.Options{})
	same(t, "ends after a change", []string{"person:1 updated", "person:2 unchanged"}, third.ends)
	same(t, "calls", []string{"update 1"}, s.takeSent())
	same(t, "persons", []string{"ada@x.org Ada L.", "bob@x.org Bob"}, s.all())
	same(t, "before", `{"id":"1","email":"ada@x.org","name":"Ada"}`, third.told[0].Before)
}

// TestCallsWhoseAnswersAreLost: every record whose answer was lost is looked up
// in the same run, and sent again only where it is not there.
func TestCallsWhoseAnswersAreLost(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	lines := []string{"No,Email,Name"}
	for n := range 100 {
		lines = append(lines, fmt.Sprintf("%d,p%d@x.org,P%d", n, n, n))
	}
	w.file("person.csv", lines...)
	s.lost = losing(0.3, 0.3, 7)
	out := w.run(run.Options{Records: 20})
	same(t, "counts", ledger.Counts{record.Created: 100}, out.counts["person"])
	same(t, "created, ever", 100, s.created)
	same(t, "persons", 100, len(s.all()))
	if len(out.told) == 0 {
		t.Error("no record says that it was verified")
	}
	s.lost = nil
	s.takeSent()
	w.run(run.Options{Mode: target.Delta})
	same(t, "calls of a second run", []string(nil), s.takeSent())
}

// people writes so many records of persons, the lines of which may be changed.
func (w *world) people(n int, change func(n int) string) {
	w.t.Helper()
	lines := []string{"No,Email,Name"}
	for i := range n {
		line := fmt.Sprintf("%d,p%d@x.org,P%d", i, i, i)
		if change != nil {
			if changed := change(i); changed != "" {
				line = changed
			}
		}
		lines = append(lines, line)
	}
	w.file("person.csv", lines...)
}

// TestCallsBrokenOff: a run that the API ends in the middle of a batch goes on
// from there: what had an answer is not sent again, and every end is that of an
// unbroken run.
func TestCallsBrokenOff(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(60, func(n int) string {
		if n%7 == 0 {
			return fmt.Sprintf("%d,p%d@x.org,refused", n, n)
		}
		return ""
	})
	ways := func(o run.Options) []string { return w.run(o).ends }
	s.lost = func(call int) (bool, bool) {
		if call == 4 {
			s.deny.Store(true) // the calls after this one
		}
		return false, call == 4
	}
	_, err := w.try(run.Options{Records: 25, Lanes: 1}, run.Run)
	if !errors.Is(err, target.ErrDenied) {
		t.Fatalf("expected the run to end for want of access, got %v", err)
	}
	same(t, "intents", []string{"sent|10"}, w.query("SELECT state, count(*) FROM landfall_intent GROUP BY state ORDER BY state"))
	s.deny.Store(false)
	s.lost = nil
	resumed, err := w.try(run.Options{Lanes: 1}, run.Resume)
	if err != nil {
		t.Fatal(err)
	}
	created := s.created
	broken := w.outcome(resumed).ends

	w2, s2 := shelfWorld(t)
	w2.persons("}")
	w2.people(60, func(n int) string {
		if n%7 == 0 {
			return fmt.Sprintf("%d,p%d@x.org,refused", n, n)
		}
		return ""
	})
	w = w2
	same(t, "ends", ways(run.Options{Records: 25, Lanes: 1}), broken)
	same(t, "records made", s2.created, created)
	same(t, "records there", s2.all(), s.all())
}

// TestCallsStayUnknown: where an API cannot be asked what became of a call, the
// record ends unknown, says what to do, and is not sent again by itself; where it
// gives no answer for as long as patience lasts, a retry asks again.
func TestCallsStayUnknown(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(30, nil)
	s.lost = func(call int) (bool, bool) { return call == 1, call == 2 }
	s.mute = func() bool { return true }
	out := w.run(run.Options{Records: 30, Lanes: 1, Patience: 500 * time.Millisecond})
	same(t, "counts", ledger.Counts{record.Created: 10, record.Unknown: 20}, out.counts["person"])
	same(t, "intents", []string{"sent|20"}, w.query("SELECT state, count(*) FROM landfall_intent GROUP BY state"))

	s.unsettled, s.lost = true, nil
	s.takeSent()
	out = w.run(run.Options{RetryOpen: true})
	same(t, "counts of a retry that cannot ask", ledger.Counts{record.Unknown: 20}, out.counts["person"])
	same(t, "calls", []string(nil), s.takeSent())
	if said := out.told[0].Message; !strings.Contains(said, "look there by hand") {
		t.Errorf("nothing says what to do: %s", said)
	}

	s.unsettled, s.mute = false, nil
	out = w.run(run.Options{RetryOpen: true})
	same(t, "counts of a retry", ledger.Counts{record.Created: 20}, out.counts["person"])
	same(t, "made, ever", 30, s.created)
	verified := 0
	for _, told := range out.told {
		if strings.Contains(told.Message, "looking it up showed") {
			verified++
		}
	}
	same(t, "verified", 10, verified)
	same(t, "intents", []string{}, w.query("SELECT state FROM landfall_intent"))
}

// TestCallsOfOtherRuns: what an abandoned run has sent is found out first. A
// record that changed since is updated, and one that the source does not hold any
// more is known all the same.
func TestCallsOfOtherRuns(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(9, nil)
	s.lost = func(int) (bool, bool) { return false, true }
	s.mute = func() bool { return true }
	w.run(run.Options{Lanes: 1, Patience: time.Millisecond})
	s.lost, s.mute = nil, nil
	w.people(8, func(n int) string {
		if n == 3 {
			return "3,p3@x.org,Three"
		}
		return ""
	})
	out := w.run(run.Options{})
	same(t, "counts", ledger.Counts{record.Created: 7, record.Updated: 1}, out.counts["person"])
	same(t, "made, ever", 9, s.created)
	same(t, "known", []string{"9"}, w.query("SELECT count(*) FROM landfall_crosswalk"))
	w.people(9, func(n int) string {
		if n == 3 {
			return "3,p3@x.org,Three"
		}
		return ""
	})
	s.takeSent()
	same(t, "counts of a further run", ledger.Counts{record.Unchanged: 9}, w.run(run.Options{}).counts["person"])
	same(t, "calls", []string(nil), s.takeSent())
}

// TestCallsAndPeople: matches, edits and missing records are treated as the
// mapping says, as in a database.
func TestCallsAndPeople(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	s.has("P1@x.org", "One")
	w.persons(", match: [email]}")
	w.people(3, nil)
	same(t, "ends", []string{"person:0 created", "person:1 failed: match-exists in email", "person:2 created"}, w.run(run.Options{}).ends)
	same(t, "ends in delta", []string{"person:0 unchanged", "person:1 updated", "person:2 unchanged"}, w.run(run.Options{Mode: target.Delta}).ends)
	same(t, "adopted", []string{"p0@x.org P0", "p1@x.org P1", "p2@x.org P2"}, s.all())

	s.edit("p0@x.org", "Somebody")
	s.remove("p2@x.org")
	w.people(3, func(n int) string { return fmt.Sprintf("%d,p%d@x.org,New%d", n, n, n) })
	same(t, "ends after people worked", []string{"person:0 failed: edited", "person:1 updated", "person:2 failed: missing"}, w.run(run.Options{}).ends)
	w.persons(", match: [email]}\n    edited: overwrite\n    missing: recreate")
	same(t, "ends when they may be written over", []string{"person:0 updated", "person:1 unchanged", "person:2 created"}, w.run(run.Options{}).ends)
	same(t, "persons", []string{"p0@x.org New0", "p1@x.org New1", "p2@x.org New2"}, s.all())
}

// TestCallsInPart: a record that is changed in part is remembered as it is, fails,
// and is sent the rest the next time.
func TestCallsInPart(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(1, nil)
	w.run(run.Options{})
	s.keeps["name"] = "yes"
	w.people(1, func(int) string { return "0,new@x.org,New" })
	same(t, "ends", []string{"person:0 failed: partial in name"}, w.run(run.Options{}).ends)
	same(t, "persons", []string{"new@x.org P0"}, s.all())
	delete(s.keeps, "name")
	same(t, "ends of a retry", []string{"person:0 updated"}, w.run(run.Options{RetryOpen: true}).ends)
	same(t, "persons", []string{"new@x.org New"}, s.all())
}

// TestCallsThatLookForNothing: a record that the API does not look for by its match
// fails with words, since it may be there already; the others go on.
func TestCallsThatLookForNothing(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	s.has("p1@x.org", "One")
	w.persons(", match: [email]}\n    on_match: update")
	w.people(3, func(n int) string {
		if n == 0 {
			return "0,%p0@x.org,P0"
		}
		return ""
	})
	out := w.run(run.Options{})
	same(t, "ends", []string{"person:0 failed: refused in email", "person:1 updated", "person:2 created"}, out.ends)
	same(t, "persons", []string{"p1@x.org P1", "p2@x.org P2"}, s.all())
}

// TestCallsInLanes: the ends and what is there do not depend on how many lanes
// call, nor on which answers are lost.
func TestCallsInLanes(t *testing.T) {
	t.Parallel()
	var ends, there []string
	for _, lanes := range []int{1, 7} {
		w, s := shelfWorld(t)
		s.calls = 7
		w.persons("}")
		w.people(300, func(n int) string {
			switch {
			case n%31 == 0:
				return fmt.Sprintf("%d,p%d@x.org,refused", n, n)
			case n%17 == 16:
				return fmt.Sprintf("%d,P%d@X.ORG,Double", n, n-11) // of another batch
			}
			return ""
		})
		s.lost = losing(0.1, 0.1, uint64(lanes))
		if lanes > 1 {
			s.second = make(chan struct{})
		}
		out := w.run(run.Options{Records: 10, Lanes: lanes})
		if lanes == 1 {
			ends, there = out.ends, s.all()
			continue
		}
		same(t, "ends", ends, out.ends)
		same(t, "persons", there, s.all())
		if s.most < 2 {
			t.Error("no two calls were under way at a time")
		}
	}
}

// TestCallsStopped: a run that is asked to stop while answers are outstanding ends
// soon, keeps what it knows, and goes on to the same end.
func TestCallsStopped(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(40, nil)
	stop := make(chan struct{})
	s.lost = func(call int) (bool, bool) { return call == 2, call == 3 }
	s.mute = func() bool { return true }
	once := sync.OnceFunc(func() { close(stop) })
	result, err := w.try(run.Options{Records: 40, Lanes: 1, Stop: stop, Points: func(p run.Point) {
		if p == run.PointCalling {
			once()
		}
	}}, run.Run)
	if err != nil || !result.Stopped {
		t.Fatalf("%+v %v", result, err)
	}
	same(t, "intents", []string{"done|20", "sent|20"}, w.query("SELECT state, count(*) FROM landfall_intent GROUP BY state ORDER BY state"))
	s.lost, s.mute = nil, nil
	resumed, err := w.try(run.Options{}, run.Resume)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "counts", ledger.Counts{record.Created: 40}, w.outcome(resumed).counts["person"])
	same(t, "made, ever", 40, s.created)
}

// TestCallsRehearsed: a dry run asks, and writes nothing, neither there nor in
// the books.
func TestCallsRehearsed(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	s.has("p1@x.org", "One")
	w.persons(", match: [email]}\n    on_match: update")
	w.people(3, nil)
	ends := []string{}
	rehearse := func(ctx context.Context, m *migration.Migration, o run.Options) (*run.Result, error) {
		return run.Rehearse(ctx, m, o, func(trace run.Trace) error {
			ends = append(ends, fmt.Sprintf("%s %s", trace.Ref, trace.Disposition))
			return nil
		})
	}
	if _, err := w.try(run.Options{}, rehearse); err != nil {
		t.Fatal(err)
	}
	same(t, "what would be", []string{"person:0 created", "person:1 updated", "person:2 created"}, ends)
	same(t, "calls", []string(nil), s.takeSent())
	s.deny.Store(true)
	ends = nil
	result, err := w.try(run.Options{}, rehearse)
	if err != nil || result.Unreached == nil {
		t.Fatalf("nothing says that the API was not reached: %v", err)
	}
	same(t, "what would be, as far as it can be told", []string{"person:0 created", "person:1 created", "person:2 created"}, ends)
}

// TestCallsSentAgainByHand: a record of which it cannot be found out what became
// of it is sent once more only when somebody says that it is not there.
func TestCallsSentAgainByHand(t *testing.T) {
	t.Parallel()
	w, s := shelfWorld(t)
	w.persons("}")
	w.people(3, nil)
	s.unsettled = true
	s.lost = func(int) (bool, bool) { return true, false }
	same(t, "counts", ledger.Counts{record.Unknown: 3}, w.run(run.Options{}).counts["person"])
	s.lost = nil
	same(t, "counts of a further run", ledger.Counts{record.Unknown: 3}, w.run(run.Options{}).counts["person"])
	same(t, "counts when it is sent again", ledger.Counts{record.Created: 3}, w.run(run.Options{RetryOpen: true, SendAgain: true}).counts["person"])
	same(t, "made, ever", 3, s.created)
}
