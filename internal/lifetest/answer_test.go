package lifetest

import (
	"testing"
)

// A commit whose answer is lost is settled by asking, whatever it was that was
// committed: the lease, the run, a batch, an entity's end, the run's end.
func TestLostAnswers(t *testing.T) {
	// The first commit makes the books, before there is anything to settle.
	const books = 1
	for name, decide := range map[string]func(n int) cut{
		"even answers lost": func(n int) cut {
			if n > books && n%2 == 0 {
				return loseAnswer
			}
			return passOn
		},
		"odd answers lost": func(n int) cut {
			if n > books && n%2 == 1 {
				return loseAnswer
			}
			return passOn
		},
		"even questions lost": func(n int) cut {
			if n > books && n%2 == 0 {
				return loseQuestion
			}
			return passOn
		},
		"commits that come late": func(n int) cut {
			if n > books && n%3 == 0 {
				return commitLate
			}
			return passOn
		},
	} {
		for _, s := range stages(t, onPostgres)[:2] {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				l := newLife(t, onPostgres, s.before, s.edition)
				w := newWire(t, l.ground, decide)
				l.mapTo(w.through(l.ground))
				l.run(exitOpen, s.args...)
				l.same(s.after, s.run)
				l.filesTell(s.after, s.run)
			})
		}
	}
}
