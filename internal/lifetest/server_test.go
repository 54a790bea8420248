package lifetest

import (
	"fmt"
	"testing"
	"time"

	"landfall/internal/run"
	"landfall/internal/servertest"
)

// A server that crashes in mid-run and comes back costs time and nothing else:
// the run waits for it and needs no resume. When the run is killed as well, a
// resume comes to the same end.
func TestKillPostgres(t *testing.T) {
	s := stageOf(t, onPostgres, "load")
	t.Parallel() // beside other tests; its own parts share the server, one after the other
	server := servertest.Private(t)
	for _, point := range []run.Point{
		run.PointStarted, run.PointBegun, run.PointLanded, run.PointLedger, run.PointCommitted, run.PointEntityEnd, run.PointRunEnd,
	} {
		for _, both := range []bool{false, true} {
			if both && (point == run.PointBegun || point == run.PointCommitted || point == run.PointRunEnd) {
				continue // these differ in nothing from their neighbours once the process is gone
			}
			t.Run(fmt.Sprintf("%s/process too %t", point, both), func(t *testing.T) {
				l := lifeOn(t, t.TempDir(), newDatabase(t, server.URL("postgres"), nil, t.Cleanup), s.edition)
				p := l.start(fmt.Sprintf("%s:%d:%s", point, (s.passes[point]+1)/2, deedHold), s.args...)
				p.reached()
				server.Kill9()
				if both {
					p.kill()
				} else {
					p.goOn()
					if point != run.PointCommitted && point != run.PointEntityEnd {
						p.says("trying again")
					}
				}
				restart(t, server)
				if both {
					l.run(exitOpen, "resume")
				} else {
					p.wait(exitOpen)
				}
				l.same(s.after, s.run)
				l.filesTell(s.after, s.run)
			})
		}
	}
	t.Run("at the commit", func(t *testing.T) {
		l := lifeOn(t, t.TempDir(), newDatabase(t, server.URL("postgres"), nil, t.Cleanup), s.edition)
		dead := make(chan struct{})
		w := newWire(t, l.ground, func(n int) cut {
			if n == 14 {
				// The server has the COMMIT for an instant: whether it was fast enough,
				// only its marker can tell.
				time.AfterFunc(time.Millisecond, func() { server.Kill9(); close(dead) })
				return loseAnswer
			}
			return passOn
		})
		l.mapTo(w.through(l.ground))
		p := l.start("", s.args...)
		<-dead
		restart(t, server)
		p.wait(exitOpen)
		l.same(s.after, s.run)
		l.filesTell(s.after, s.run)
	})
	t.Run("before the files", func(t *testing.T) {
		l := lifeOn(t, t.TempDir(), newDatabase(t, server.URL("postgres"), nil, t.Cleanup), s.edition)
		p := l.start(string(run.PointArtefacts)+":1:"+deedHold, s.args...)
		p.reached()
		server.Kill9()
		p.goOn()
		p.wait(exitBroken, exitEnvironment)
		restart(t, server)
		l.run(exitOpen, "resume")
		l.same(s.after, s.run)
		l.filesTell(s.after, s.run)
	})
}

func restart(t testing.TB, server *servertest.Postgres) {
	t.Helper()
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
}
