package caller

import (
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// Without a limit of our own, a throttled call that is among the first of a run
// must not look as if one call in a second were too many.
func TestPaceOfASecondThatHasOnlyBegun(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour) // so that the time which is counted is the shortest
	for _, c := range []struct {
		passed, before int
		want           rate.Limit
	}{{4, 0, 40}, {1, 0, 10}, {1, 70, 70}, {0, 0, 1}} {
		u := newTurnstile(Limits{}, nil)
		u.passed, u.before, u.counted = c.passed, c.before, soon
		if got := u.pace(); got != c.want {
			t.Errorf("%d calls passed, %d in the second before: %v a second, want %v", c.passed, c.before, got, c.want)
		}
	}
}
