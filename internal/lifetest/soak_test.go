package lifetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/servertest"
)

// soakVariable asks for the long tests; a number above 1 is how many kills,
// and soakSeed repeats a soak.
const (
	soakVariable = "LANDFALL_SOAK"
	soakSeed     = "LANDFALL_SOAK_SEED"
	soakKills    = 200
)

// Kills at random instants, of the process, of the server, or of both, come to
// the end of an unbroken run as well.
func TestSoakKills(t *testing.T) {
	if os.Getenv(soakVariable) == "" {
		t.Skip("set " + soakVariable + "=1 for kills at random instants")
	}
	left, err := strconv.Atoi(os.Getenv(soakVariable))
	if err != nil || left <= 1 {
		left = soakKills
	}
	seed, err := strconv.ParseUint(os.Getenv(soakSeed), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("%s=%d", soakSeed, seed)
	stages(t, onPostgres)
	k := &killer{Rand: rand.New(rand.NewPCG(seed, 0)), server: servertest.Private(t)}
	for n := 0; left > 0 && !t.Failed(); n++ {
		kills := min(left, 1+k.IntN(6))
		left -= kills
		on := kinds[n%2]
		s := stages(t, on)[0]
		if on == onSQLite && k.IntN(2) == 0 {
			s = stages(t, on)[1] // the private server has nothing that was loaded before
		}
		t.Run(fmt.Sprintf("%03d/%s/%s/%d kills", n, on, s.name, kills), func(t *testing.T) { k.live(t, on, s, kills) })
	}
}

type killer struct {
	*rand.Rand
	server *servertest.Postgres
}

// live runs one stage through so many kills.
func (k *killer) live(t *testing.T, on kind, s *stage, kills int) {
	var l *life
	if on == onPostgres {
		l = lifeOn(t, t.TempDir(), newDatabase(t, k.server.URL("postgres"), nil, t.Cleanup), s.edition)
	} else {
		l = newLife(t, on, s.before, s.edition)
	}
	l.env = []string{slowPoints + "=5ms"}
	args := s.args
	for range kills {
		p := l.start("", args...)
		time.Sleep(time.Duration(k.Int64N(int64(500 * time.Millisecond))))
		what := k.IntN(3)
		if on == onSQLite || what == 0 {
			p.kill()
		} else {
			k.server.Kill9()
			if what == 1 {
				p.kill()
			}
			time.Sleep(time.Duration(k.Int64N(int64(300 * time.Millisecond))))
			restart(t, k.server)
			if what == 2 {
				// It waited for the server, or had not begun, or had ended.
				p.wait(exitLanded, exitOpen, exitEnvironment, exitBroken, exitUsage)
			}
		}
		// The same command again would be a new run where this one is closed.
		if args = s.args; k.IntN(2) == 0 || l.closed(s) {
			args = []string{"resume"}
		}
	}
	l.env = nil
	if l.started(s) {
		l.start("", "resume").wait(exitOpen, exitUsage) // usage: there was nothing left to do
	} else {
		l.run(exitOpen, s.args...)
	}
	l.same(s.after, s.run)
	l.filesTell(s.after, s.run)
	if !t.Failed() && k.IntN(4) == 0 {
		l.writesNothing()
	}
}

// stateOf is the state of the stage's run; empty before there is one.
func (l *life) stateOf(s *stage) ledger.State {
	l.t.Helper()
	db := l.ground.open(l.t)
	defer db.Close(context.Background())
	if present, err := books.Present(context.Background(), db); err != nil || present == 0 {
		return ""
	}
	b, err := books.New(db.Dialect())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, row := range l.ground.query(l.t, b.SQL("SELECT name, state FROM {run}")) {
		if row[0] == s.run {
			return ledger.State(row[1])
		}
	}
	return ""
}

func (l *life) started(s *stage) bool { return l.stateOf(s) != "" }
func (l *life) closed(s *stage) bool  { return l.stateOf(s) == ledger.Completed }
