// Package mishaps has the servers of the examples go wrong the way that real
// ones do: answers are lost after the work was done, calls before it, and some
// are refused for now.
package mishaps

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Share is a part of all calls: 5%, or 0.05.
type Share float64

// String implements flag.Value.
func (s *Share) String() string { return strconv.FormatFloat(float64(*s)*100, 'g', 4, 64) + "%" }

// Set implements flag.Value.
func (s *Share) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if percent {
		value /= 100
	}
	if err != nil || value < 0 || value > 1 {
		return fmt.Errorf("expected a share such as 5%%")
	}
	*s = Share(value)
	return nil
}

// Mishaps are what goes wrong. Counts come first and are used up; shares go on.
type Mishaps struct {
	LoseAnswers, LoseCalls, Throttle, Fail Share
	// Throttled answers a call that is refused for now; nil: 429 with Retry-After.
	Throttled func(http.ResponseWriter)

	mu               sync.Mutex
	random           *rand.Rand
	answers, calls   int // of writing calls that are lost next
	refusals, errors int
}

// Flags declares the flags of a server.
func (m *Mishaps) Flags(flags *flag.FlagSet) {
	flags.Var(&m.LoseAnswers, "lose-answers", "`share` of writing calls whose answer is lost after they were carried out, such as 5%")
	flags.Var(&m.LoseCalls, "lose-calls", "`share` of calls that are lost before they are carried out")
	flags.Var(&m.Throttle, "throttle", "`share` of calls that are refused for now")
	flags.Var(&m.Fail, "fail", "`share` of calls that are answered with HTTP 500 and a page")
}

// Next has the next calls go wrong: answers lost after, calls lost before they
// are carried out, refused for now, failed with a page.
func (m *Mishaps) Next(answers, calls, refusals, errors int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers, m.calls, m.refusals, m.errors = answers, calls, refusals, errors
}

// draw decides whether something goes wrong now.
func (m *Mishaps) draw(count *int, share Share) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *count > 0 {
		*count--
		return true
	}
	if m.random == nil {
		m.random = rand.New(rand.NewPCG(1, 2))
	}
	return share > 0 && m.random.Float64() < float64(share)
}

// Around has a handler's calls go wrong. writes tells those that change
// something.
func (m *Mishaps) Around(handler http.Handler, writes func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writing := writes(r)
		switch {
		case writing && m.draw(&m.calls, m.LoseCalls):
			hangUp(w)
		case writing && m.draw(&m.refusals, m.Throttle):
			if m.Throttled != nil {
				m.Throttled(w)
				return
			}
			w.Header().Set("Retry-After", "1")
			http.Error(w, `{"error":{"code":"slow_down","message":"too many calls"}}`, http.StatusTooManyRequests)
		case writing && m.draw(&m.errors, m.Fail):
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "<html><h1>Something broke</h1></html>")
		case writing && m.draw(&m.answers, m.LoseAnswers):
			handler.ServeHTTP(discard{http.Header{}}, r)
			hangUp(w)
		default:
			handler.ServeHTTP(w, r)
		}
	})
}

// hangUp ends the connection as a broken network does: with a reset.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, is := conn.(*net.TCPConn); is {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// discard takes an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// Serve listens on a loopback port, prints its URL as the first line, and serves.
func Serve(port int, path string, handler http.Handler) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	fmt.Printf("http://%s%s\n", listener.Addr(), path)
	return (&http.Server{Handler: handler}).Serve(listener)
}
