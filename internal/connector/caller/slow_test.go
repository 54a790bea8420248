package caller_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"landfall/internal/connector/caller"
)

// An API that throttles is called more slowly, once for all calls that were out
// together, and as fast as before when it has answered for a while.
func TestSlowsDownAndRecovers(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	throttling := true
	_, at := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if throttling {
			w.WriteHeader(429)
		}
	})
	c := newCaller(t, at, caller.Limits{Rate: 400, Burst: 1, Calls: 4})
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() { c.Do(t.Context(), writing) })
	}
	time.Sleep(150 * time.Millisecond)
	if share := caller.RateShare(c); share > 0.5 || share < 0.2 {
		t.Errorf("the rate is %g of the full one after four calls were throttled together", share)
	}
	mu.Lock()
	throttling = false
	mu.Unlock()
	running.Wait()
	for range 60 {
		if _, err := c.Do(t.Context(), reading); err != nil {
			t.Fatal(err)
		}
	}
	if share := caller.RateShare(c); share != 1 {
		t.Errorf("the rate is %g of the full one after sixty good answers", share)
	}
}
