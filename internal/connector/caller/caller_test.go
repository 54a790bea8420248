package caller_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"landfall/internal/connector/caller"
	"landfall/internal/target"
)

// arrivals is a server that notes when calls come.
type arrivals struct {
	mu    sync.Mutex
	times []time.Time
	then  func(n int, w http.ResponseWriter, r *http.Request)
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.times = append(a.times, time.Now())
	n := len(a.times)
	a.mu.Unlock()
	if a.then != nil {
		a.then(n, w, r)
	}
}

// most is how many calls came within any second.
func (a *arrivals) most() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	times := slices.SortedFunc(slices.Values(a.times), time.Time.Compare)
	most := 0
	for from, i := 0, 0; i < len(times); i++ {
		for times[i].Sub(times[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.times)
}

func serve(t *testing.T, then func(n int, w http.ResponseWriter, r *http.Request)) (*arrivals, string) {
	t.Helper()
	a := &arrivals{then: then}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, server.URL
}

func newCaller(t *testing.T, at string, limits caller.Limits) *caller.Caller {
	t.Helper()
	c, err := caller.New(at, caller.Auth{}, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

var reading = caller.Call{Name: "read", Method: "GET", Path: "/x", Repeatable: true}

var writing = caller.Call{Name: "write", Method: "POST", Path: "/x", Body: []byte("{}")}

// keepsRate holds callers to a rate: never more than it and the burst in any
// second, and within two per cent of what is allowed in all.
func keepsRate(t *testing.T, limits caller.Limits, callers int, lasting time.Duration) {
	a, at := serve(t, nil)
	c := newCaller(t, at, limits)
	ctx, cancel := context.WithTimeout(t.Context(), lasting)
	defer cancel()
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for ctx.Err() == nil {
				call := reading
				if i%2 == 0 {
					call = writing
				}
				c.Do(ctx, call)
			}
		})
	}
	running.Wait()
	allowed := float64(limits.Rate) + float64(limits.Burst)
	if most := a.most(); float64(most) > allowed {
		t.Errorf("%d calls came within one second, %g are allowed", most, allowed)
	}
	want := float64(limits.Rate)*lasting.Seconds() + float64(limits.Burst)
	if got := float64(a.count()); got > want+1 || got < want*0.98-1 {
		t.Errorf("%g calls in %s, expected %g", got, lasting, want)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	keepsRate(t, caller.Limits{Rate: 10, Burst: 2, Calls: 10}, 10, 3*time.Second)
}

func TestRateSoak(t *testing.T) {
	soak(t)
	t.Parallel()
	keepsRate(t, caller.Limits{Rate: 4, Burst: 1, Calls: 10}, 10, time.Minute)
}

// A connection that takes its time lets calls neither pile up behind it nor come
// more slowly than they may.
func TestRateOverSlowConnections(t *testing.T) {
	t.Parallel()
	a, at := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	c := newCaller(t, at, caller.Limits{Rate: 10, Burst: 2, Calls: 10})
	caller.SlowConnections(c, 150*time.Millisecond)
	const lasting = 2500 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), lasting)
	defer cancel()
	var running sync.WaitGroup
	for range 10 {
		running.Go(func() {
			for ctx.Err() == nil {
				c.Do(ctx, reading)
			}
		})
	}
	running.Wait()
	if most := a.most(); most > 12 {
		t.Errorf("%d calls came within one second", most)
	}
	if got := a.count(); got < 20 { // 25 and the burst, but for the first connections
		t.Errorf("%d calls came in %s, at 10 a second", got, lasting)
	}
}

func TestCallsAtATime(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	_, at := serve(t, func(_ int, _ http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
	})
	c := newCaller(t, at, caller.Limits{Calls: 3})
	var running sync.WaitGroup
	for range 12 {
		running.Go(func() { c.Do(t.Context(), writing) })
	}
	running.Wait()
	if most.Load() > 3 {
		t.Errorf("%d calls at a time", most.Load())
	}
}

// Connections are used again, also after answers that nobody reads to the end.
func TestKeepsConnections(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 100_000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := newCaller(t, server.URL, caller.Limits{Calls: 2})
	for range 20 {
		if reply, err := c.Do(t.Context(), writing); err != nil || reply.Meaning != caller.Answered || len(reply.Body) != 100_000 {
			t.Fatal(reply.Judgement, err)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections for calls that came one after the other", opened.Load())
	}
}

// What the API has certainly not carried out is sent again; what nobody knows is
// not, unless it does no harm.
func TestAgain(t *testing.T) {
	t.Parallel()
	reset := func(w http.ResponseWriter) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	for name, test := range map[string]struct {
		first   func(http.ResponseWriter, *http.Request)
		call    caller.Call
		meaning caller.Meaning
		calls   int
	}{
		"throttled":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, writing, caller.Answered, 2},
		"reset":            {func(w http.ResponseWriter, _ *http.Request) { reset(w) }, writing, caller.Unknown, 1},
		"reset of reading": {func(w http.ResponseWriter, _ *http.Request) { reset(w) }, reading, caller.Answered, 2},
		"broken answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{")
		}, writing, caller.Unknown, 1},
		"5xx": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(502)
			io.WriteString(w, "<html>")
		}, writing, caller.Unknown, 1},
		"5xx of reading": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, reading, caller.Answered, 2},
		"silence":        {func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() }, writing, caller.Unknown, 1},
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Repeat("x", 5000))
		}, writing, caller.Unknown, 1},
		"rejected":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) }, writing, caller.Answered, 1},
		"denied once": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, writing, caller.Answered, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, at := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					test.first(w, r)
				}
			})
			c := newCaller(t, at, caller.Limits{Timeout: 400 * time.Millisecond, Answer: 4000})
			reply, err := c.Do(t.Context(), test.call)
			if err != nil || reply.Meaning != test.meaning || a.count() != test.calls {
				t.Errorf("%+v %v after %d calls", reply.Judgement, err, a.count())
			}
			if reply.Number == 0 {
				t.Error("the call has no number")
			}
		})
	}
}

// A server that is not there yet is waited for, and the waits are told.
func TestWaitsForServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	c := newCaller(t, "http://"+address, caller.Limits{})
	var told atomic.Int64
	c.Observe(func(target.Notice) { told.Add(1) })
	once := writing
	once.Once = true
	if reply, err := c.Do(t.Context(), once); err == nil || reply.Meaning != caller.Unsent || !strings.Contains(err.Error(), "refuses connections") {
		t.Errorf("%+v %v", reply, err)
	}
	go func() {
		time.Sleep(300 * time.Millisecond)
		if listener, err := net.Listen("tcp", address); err == nil {
			server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
			t.Cleanup(func() { server.Close() })
			server.Serve(listener)
		}
	}()
	if reply, err := c.Do(t.Context(), writing); err != nil || reply.Meaning != caller.Answered || told.Load() == 0 {
		t.Errorf("%+v %v, told %d times", reply, err, told.Load())
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	_, at := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) })
	c := newCaller(t, at, caller.Limits{Patience: 600 * time.Millisecond})
	reply, err := c.Do(t.Context(), writing)
	if err == nil || !strings.Contains(err.Error(), "gave up after 600ms of patience") || reply.Meaning == caller.Answered || reply.Meaning == caller.Unknown {
		t.Errorf("%+v %v", reply.Judgement, err)
	}
	// A pause that is longer than patience lasts is not begun.
	_, at = serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(503)
	})
	c = newCaller(t, at, caller.Limits{Patience: 30 * time.Second})
	began := time.Now()
	if _, err := c.Do(t.Context(), reading); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// What was lost on the way stays unknown, whatever later tries meet.
func TestUnknownStays(t *testing.T) {
	t.Parallel()
	_, at := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(429)
	})
	c := newCaller(t, at, caller.Limits{Patience: 700 * time.Millisecond})
	call := writing
	call.Repeatable = true
	if reply, err := c.Do(t.Context(), call); err == nil || reply.Meaning != caller.Unknown {
		t.Errorf("%+v %v", reply.Judgement, err)
	}
}

// Denials in a row open the breaker, for all, with words and without secrets.
func TestBreaker(t *testing.T) {
	t.Parallel()
	a, at := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	c, err := caller.New(at, caller.Auth{Bearer: "hunter2"}, caller.Limits{Denials: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		reply, err := c.Do(t.Context(), writing)
		if !errors.Is(err, target.ErrDenied) || reply.Meaning == caller.Answered || reply.Meaning == caller.Unknown {
			t.Fatalf("%+v %v", reply.Judgement, err)
		}
		if !strings.Contains(err.Error(), "2 times in a row (HTTP 401 Unauthorized): check the credentials in `auth`") || strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	}
	if a.count() != 2 {
		t.Errorf("%d calls", a.count())
	}
}

// Credentials and records do not follow a redirect to somebody else.
func TestRedirects(t *testing.T) {
	t.Parallel()
	elsewhere, other := serve(t, nil)
	_, at := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			http.Redirect(w, r, "/there", http.StatusFound)
		} else if r.URL.Path != "/there" {
			http.Redirect(w, r, other, http.StatusTemporaryRedirect)
		}
	})
	for _, call := range []caller.Call{reading, writing} {
		c := newCaller(t, at, caller.Limits{Denials: 1})
		if _, err := c.Do(t.Context(), call); !errors.Is(err, target.ErrDenied) || !strings.Contains(err.Error(), "redirects to "+other) {
			t.Error(err)
		}
	}
	if elsewhere.count() > 0 {
		t.Error("the other server was called")
	}
	here := reading
	here.Path = "/here"
	if reply, err := newCaller(t, at, caller.Limits{}).Do(t.Context(), here); err != nil || reply.Status != 200 {
		t.Error(reply.Status, err)
	}
}

// Certificates are verified; no waiting makes a wrong one right.
func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = quiet
	server.StartTLS()
	defer server.Close()
	began := time.Now()
	reply, err := newCaller(t, server.URL, caller.Limits{}).Do(t.Context(), writing)
	if err == nil || !strings.Contains(err.Error(), "cannot be trusted") || reply.Meaning != caller.Unsent || time.Since(began) > 5*time.Second {
		t.Errorf("%+v %v", reply.Judgement, err)
	}
}

func TestRefusedURLs(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"", "ftp://x", "https://", "https://user:hunter2@x.org", "https://x.org?key=hunter2", "https://x.org#a", "://"} {
		if _, err := caller.New(at, caller.Auth{}, caller.Limits{}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// What is interrupted before it is sent is unsent, and what is out is unknown.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	_, at := serve(t, func(_ int, _ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() })
	c := newCaller(t, at, caller.Limits{Calls: 1})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	var second caller.Reply
	var running sync.WaitGroup
	running.Go(func() {
		time.Sleep(50 * time.Millisecond)
		second, _ = c.Do(ctx, reading)
	})
	reply, err := c.Do(ctx, caller.Call{Name: "w", Method: "POST", Path: "/", Form: url.Values{"a": {"b"}}})
	running.Wait()
	if !errors.Is(err, context.Canceled) || reply.Meaning != caller.Unknown || second.Meaning != caller.Unsent {
		t.Errorf("%+v %v, then %+v", reply.Judgement, err, second.Judgement)
	}
}
