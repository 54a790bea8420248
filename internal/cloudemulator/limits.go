package cloudemulator

import (
	"fmt"
	"sync"
	"time"
)

// limits are what the service admits, over all callers.
type limits struct {
	perMinute, concurrent int

	mu     sync.Mutex
	recent []time.Time // of the admitted calls of the last minute, as a ring
	next   int
}

// admit tells which limit a call is above; empty for none. Calls that are not
// admitted do not count.
func (l *limits) admit(now time.Time, running int) (over string) {
	if l.concurrent > 0 && running > l.concurrent {
		return fmt.Sprintf("more than %d calls at a time", l.concurrent)
	}
	if l.perMinute <= 0 {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.recent) < l.perMinute {
		l.recent = append(l.recent, now)
		return ""
	}
	if now.Sub(l.recent[l.next]) < time.Minute {
		return fmt.Sprintf("more than %d calls in a minute", l.perMinute)
	}
	l.recent[l.next] = now
	l.next = (l.next + 1) % l.perMinute
	return ""
}

func (l *limits) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent, l.next = nil, 0
}
