package lifetest

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// wire stands between the command and PostgreSQL and passes on what they say,
// until it meets a COMMIT: then cut decides.
type wire struct {
	listener net.Listener
	server   string
	cut      func(n int) cut
	mu       sync.Mutex
	commits  int
}

// cut says what becomes of a COMMIT.
type cut int

const (
	passOn       cut = iota
	loseAnswer       // the server commits; the client never hears of it
	loseQuestion     // the server never hears of it
	commitLate       // the client is cut off, and the server hears of it a while later
)

// late is how long a late commit takes: long enough for the client to be back.
const late = 400 * time.Millisecond

// newWire puts a wire before the ground; cut is asked about each COMMIT,
// counted from 1 over all connections.
func newWire(t testing.TB, g *ground, decide func(n int) cut) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(g.url)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, server: parsed.Host, cut: decide}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(client)
		}
	}()
	t.Cleanup(func() { listener.Close() })
	return w
}

// through is the ground's URL by way of the wire.
func (w *wire) through(g *ground) string {
	parsed, err := url.Parse(g.url)
	if err != nil {
		return ""
	}
	parsed.Host = w.listener.Addr().String()
	return parsed.String()
}

func (w *wire) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		// A statement of so few bytes is never divided between two reads.
		if bytes.Contains(buf[:n], []byte("\x00COMMIT\x00")) && !w.pass(buf[:n], client, server) {
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// pass reports whether the COMMIT goes the usual way; else it is dealt with.
func (w *wire) pass(message []byte, client, server net.Conn) bool {
	w.mu.Lock()
	w.commits++
	decision := w.cut(w.commits)
	w.mu.Unlock()
	if decision == passOn {
		return true
	}
	client.Close() // nothing of the answer gets through
	if decision == loseQuestion {
		return false
	}
	if decision == commitLate {
		time.Sleep(late)
	}
	if _, err := server.Write(message); err == nil {
		time.Sleep(20 * time.Millisecond) // the server reads it before the connection ends
	}
	return false
}
