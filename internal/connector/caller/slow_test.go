package caller_test

import (
	"net/http"
	"sync"
	"testing"

	"landfall/internal/connector/caller"
)

// An API that throttles is called more slowly, once for all calls that were out
// together, and as fast as before when it has answered for a while.
func TestSlowsDownAndRecovers(t *testing.T) {
	t.Parallel()
	const together = 4
	var out sync.WaitGroup
	out.Add(together)
	_, at := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n <= together {
			out.Done()
			out.Wait() // until all of them are out
			w.WriteHeader(429)
		}
	})
	c := newCaller(t, at, caller.Limits{Rate: 400, Burst: 1, Calls: together})
	var running sync.WaitGroup
	for range together {
		running.Go(func() { c.Do(t.Context(), writing) })
	}
	running.Wait()
	if share := caller.RateShare(c); share < 0.5 || share > 0.6 {
		t.Errorf("the rate is %g of the full one after four calls were throttled together and answered later", share)
	}
	for range 30 {
		if _, err := c.Do(t.Context(), reading); err != nil {
			t.Fatal(err)
		}
	}
	if share := caller.RateShare(c); share != 1 {
		t.Errorf("the rate is %g of the full one after thirty good answers", share)
	}
}
