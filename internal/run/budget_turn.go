package run

import (
	"sync"

	"landfall/internal/record"
)

// failure is one record of a batch that failed: its place there, and why.
type failure struct {
	place int
	code  record.Code
}

// turns hands an entity's batches to its budget in the order in which they were
// read, whichever lane lands first: so it never depends on lanes at which batch
// a run ends.
type turns struct {
	mu    sync.Mutex
	next  int64
	ahead map[int64]counted // landed before one that was read earlier: at most a few, one for each lane
}

type counted struct {
	read     int
	failures []failure
}

// landed counts the batch whose turn it is, and those behind it that wait.
func (t *turns) landed(b *budget, turn int64, batch counted) {
	if b == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ahead == nil {
		t.ahead = map[int64]counted{}
	}
	t.ahead[turn] = batch
	for {
		batch, there := t.ahead[t.next]
		if !there {
			return
		}
		delete(t.ahead, t.next)
		b.add(batch.read, batch.failures)
		t.next++
	}
}

// failures are the records of a landed batch that a retry would run again.
func (l *landing) failures() []failure {
	var failures []failure
	for i := range l.units {
		if rejection := l.units[i].rejection; rejection != nil && rejection.Disposition().NeedsRetry() {
			failures = append(failures, failure{i, rejection.Code})
		}
	}
	return failures
}
