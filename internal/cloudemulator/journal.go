package cloudemulator

import (
	"net/url"
	"slices"
	"sync"
	"time"
)

// Call is a line of the request log.
type Call struct {
	Number          int // of all calls, from 1
	Operation       string
	OperationNumber int // of the operation's calls, from 1
	Started, Ended  time.Time
	Concurrent      int // calls that were running when it began, itself included
	Client          string
	Auth            string // basic, signature, oauth, form; empty when it was none of them
	Bytes           int64  // of its parameters
	Records         int    // that it carries, of entity.bulkCreate; 0 when a fault kept it from being read
	// Parameters are as the caller sent them, without the client's secret. The
	// newest calls alone keep them: until they take 16 MiB together.
	Parameters url.Values
	Status     int       // HTTP status; 0 when the connection was cut
	Code       int       // of an error of the API
	Limited    bool      // refused by a limit
	Fault      FaultKind // that was played; empty: none
	Reset      bool      // the connection was cut
}

func (c *Call) describe(form url.Values) {
	c.Parameters = form
	if form.Has("client_secret") {
		c.Parameters = url.Values{}
		for name, value := range form {
			if name != "client_secret" {
				c.Parameters[name] = value
			}
		}
	}
}

// keepParameters is how many bytes of parameters the log remembers.
const keepParameters = 16 << 20

// journal is the request log.
type journal struct {
	keep int
	tell func(Call)

	mu       sync.Mutex
	numbers  map[string]int
	total    int
	calls    []Call
	dropped  int // calls that are no longer in calls
	detailed int // place in calls of the first call that has its parameters
	bytes    int64
}

func (j *journal) number(operation string) (all, ofOperation int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.numbers == nil {
		j.numbers = map[string]int{}
	}
	j.total++
	j.numbers[operation]++
	return j.total, j.numbers[operation]
}

func (j *journal) add(call Call) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = append(j.calls, call)
	j.bytes += call.Bytes
	for ; j.bytes > keepParameters && j.detailed < len(j.calls); j.detailed++ {
		old := &j.calls[j.detailed]
		old.Parameters = nil
		j.bytes -= old.Bytes
	}
	if surplus := len(j.calls) - j.keep; surplus > j.keep/4 {
		j.calls = slices.Delete(j.calls, 0, surplus)
		j.detailed = max(j.detailed-surplus, 0)
		j.dropped += surplus
	}
	if j.tell != nil {
		j.tell(call)
	}
}

func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.numbers, j.total, j.calls, j.dropped, j.detailed, j.bytes = nil, 0, nil, 0, 0, 0
}

// Calls is the request log, in the order in which calls ended.
func (e *Emulator) Calls() []Call {
	e.journal.mu.Lock()
	defer e.journal.mu.Unlock()
	return slices.Clone(e.journal.calls)
}

// Tally is how many calls of each operation arrived.
func (e *Emulator) Tally() map[string]int {
	e.journal.mu.Lock()
	defer e.journal.mu.Unlock()
	counts := map[string]int{}
	for operation, n := range e.journal.numbers {
		counts[operation] = n
	}
	return counts
}
