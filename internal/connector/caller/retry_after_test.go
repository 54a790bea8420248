package caller_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"landfall/internal/connector/caller"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	seconds := func() string { return "1" }
	for name, c := range map[string]struct {
		status int
		after  func() string
	}{
		"seconds": {429, seconds},
		"date":    {429, func() string { return time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat) }},
		"503":     {503, seconds},
		"403":     {403, seconds},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var second atomic.Int64
			began := time.Now()
			_, at := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				switch n {
				case 1:
					w.Header().Set("Retry-After", c.after())
					w.WriteHeader(c.status)
				case 2:
					second.Store(int64(time.Since(began)))
				}
			})
			caller := newCaller(t, at, caller.Limits{Calls: 2})
			var others sync.WaitGroup
			others.Go(func() {
				time.Sleep(100 * time.Millisecond) // a call of somebody else keeps the pause, too
				caller.Do(t.Context(), reading)
			})
			reply, err := caller.Do(t.Context(), writing)
			if err != nil || c.status == 503 != (reply.Status == 503) { // whose call is not sent again
				t.Fatal(err, reply.Status)
			}
			others.Wait()
			if waited := time.Duration(second.Load()); waited < 900*time.Millisecond {
				t.Errorf("the next call came after %s", waited)
			}
		})
	}
}

// A pause that is longer than patience is not waited for, and told as what it is.
func TestRetryAfterLongerThanPatience(t *testing.T) {
	t.Parallel()
	for status, call := range map[int]caller.Call{429: reading, 503: writing} {
		a, at := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(status)
		})
		c := newCaller(t, at, caller.Limits{Patience: time.Minute})
		_, err := c.Do(t.Context(), call)
		_, later := c.Do(t.Context(), reading)
		if status == 503 {
			err = later // the call itself was sent, and its sender asks what became of it
		}
		for _, err := range []error{err, later} {
			if err == nil || !strings.Contains(err.Error(), "asks for a pause of 2h0m0s, which is longer than `patience` (1m0s)") {
				t.Errorf("%d: %v", status, err)
			}
		}
		if a.count() != 1 {
			t.Errorf("%d: %d calls", status, a.count())
		}
	}
}
