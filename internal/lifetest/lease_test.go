package lifetest

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/run"
)

// Ctrl-C ends a run after the batch in hand; resume goes on.
func TestInterrupt(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := stageOf(t, k, "load")
			t.Parallel()
			l := newLife(t, k, s.before, s.edition)
			p := l.start(string(run.PointLanded)+":4:"+deedHold, s.args...)
			p.reached()
			p.signal(syscall.SIGINT)
			p.says("stopping after the batch in hand")
			p.goOn()
			p.wait(exitInterrupted)
			mentions(t, p.output.String(), "landfall resume")
			left := l.digest(s.run)
			if left.State != ledger.Interrupted || len(left.Records) < 60 || len(left.Records) >= len(s.after.Records) {
				t.Errorf("state %s, %d records have their end", left.State, len(left.Records))
			}
			l.run(exitOpen, "resume")
			l.same(s.after, s.run)
			l.filesTell(s.after, s.run)
		})
	}
}

// A second run of the same migration is refused while the first goes on, and
// told who holds it.
func TestSecondRun(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := stageOf(t, k, "load")
			t.Parallel()
			l := newLife(t, k, s.before, s.edition)
			first := l.start(string(run.PointCommitted)+":5:"+deedHold, s.args...)
			first.reached()
			for _, args := range [][]string{s.args, {"resume"}, {"retry"}, {"abandon", s.run}} {
				p := l.startBeside("", args...)
				p.wait(exitEnvironment)
				mentions(t, p.output.String(), "is being run by", fmt.Sprintf("pid %d", first.cmd.Process.Pid), s.run)
			}
			first.goOn()
			first.wait(exitOpen)
			l.same(s.after, s.run)
		})
	}
}

// A worker who sleeps through the end of its lease finds, when it wakes, that
// another has taken over: it writes nothing more.
func TestFencedWorker(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := stageOf(t, k, "load")
			t.Parallel()
			l := newLife(t, k, s.before, s.edition)
			first := l.start(string(run.PointRead)+":6:"+deedStop, append(s.args, "--lanes", "1")...)
			first.asleep()
			l.expireLease()
			resumed := l.startBeside("", "resume")
			resumed.wait(exitOpen)
			l.same(s.after, s.run)
			l.ground.watch(t)
			before := l.ground.touched(t)
			first.signal(syscall.SIGCONT)
			first.wait(exitBroken)
			mentions(t, first.output.String(), books.ErrLeaseLost.Error())
			if diff := cmp.Diff(before, l.ground.touched(t)); diff != "" {
				t.Errorf("the first wrote after its time:\n%s", diff)
			}
			l.same(s.after, s.run)
		})
	}
}

// A worker who sleeps in the middle of a transaction cannot be overtaken: who
// wants to go on waits until that batch has its end.
func TestFencedInTransaction(t *testing.T) {
	s := stageOf(t, onPostgres, "load")
	t.Parallel()
	l := newLife(t, onPostgres, s.before, s.edition)
	first := l.start(string(run.PointLanded)+":6:"+deedStop, append(s.args, "--lanes", "1")...)
	first.asleep()
	l.expireLease()
	resumed := l.startBeside("", "resume")
	l.ground.waitsForLock(t)
	time.Sleep(100 * time.Millisecond)
	select {
	case <-resumed.ended:
		t.Fatalf("overtaken:\n%s", resumed.output)
	default:
	}
	first.signal(syscall.SIGCONT)
	first.wait(exitBroken)
	mentions(t, first.output.String(), books.ErrLeaseLost.Error())
	resumed.wait(exitOpen)
	l.same(s.after, s.run)
}

// expireLease moves the clock of the lease.
func (l *life) expireLease() {
	l.t.Helper()
	table := "landfall.lease"
	if l.ground.kind == onSQLite {
		table = "landfall_lease"
	}
	l.ground.exec(l.t, "UPDATE "+table+" SET expires_at = '2001-01-01T00:00:00.000Z'")
}
