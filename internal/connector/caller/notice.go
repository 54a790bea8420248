package caller

import (
	"fmt"
	"strconv"
	"time"

	"landfall/internal/target"
)

// Observe has notice called whenever calls wait.
func (c *Caller) Observe(notice func(target.Notice)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notice = notice
}

// quietFor is how long the same kind of notice is not repeated.
const quietFor = time.Second

// longWait is a wait worth mentioning.
const longWait = 200 * time.Millisecond

// tell gives a notice. It must not be called with the caller's lock held.
func (c *Caller) tell(notice target.Notice) {
	c.mu.Lock()
	observer := c.notice
	c.mu.Unlock()
	if observer != nil {
		observer(notice)
	}
}

// waits tells that calls are kept to the limits.
func (c *Caller) waits(wait time.Duration, paused bool) {
	if wait < longWait {
		return
	}
	notice := target.Notice{Message: fmt.Sprintf("%s asks for a pause of %s", c.url.Host, wait.Round(100*time.Millisecond))}
	kind := "pause"
	if !paused {
		kind = "rate"
		notice = target.Notice{Message: "at most " + strconv.FormatFloat(float64(c.limits.Rate), 'g', 6, 64) + " calls/s", Slowed: true}
		if c.turnstile.slowed() {
			notice = target.Notice{Message: c.url.Host + " throttles: calls are made more slowly for a while"}
		}
	}
	c.mu.Lock()
	quiet := time.Since(c.told[kind]) < quietFor
	if !quiet {
		c.told[kind] = time.Now()
	}
	c.mu.Unlock()
	if !quiet {
		c.tell(notice)
	}
}
