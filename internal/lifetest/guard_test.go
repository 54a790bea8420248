package lifetest

import (
	"encoding/json"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"landfall/internal/run"
)

// exitRefused is the guard's.
const exitRefused = 5

// production makes a live system of the life's target.
func (l *life) production() {
	l.t.Helper()
	path := filepath.Join(l.dir, "landfall.yaml")
	text := read(l.t, path)
	protected := strings.Replace(text, "url: \""+l.ground.url+"\"", "url: \""+l.ground.url+"\", environment: production", 1)
	if protected == text {
		l.t.Fatal("the mapping's target is not where it was expected")
	}
	write(l.t, path, protected)
}

// guarded is what guard status tells.
type guarded struct {
	Identity    string `json:"identity"`
	Armed       bool   `json:"armed"`
	DisarmedBy  string `json:"disarmed_by"`
	DisarmedWhy string `json:"disarmed_why"`
}

func (l *life) guard() (g guarded) {
	l.t.Helper()
	if err := json.Unmarshal([]byte(l.run(exitLanded, "guard", "status", "--json")), &g); err != nil {
		l.t.Fatal(err)
	}
	return g
}

func (l *life) arm(howLong string) {
	l.t.Helper()
	l.run(exitLanded, "guard", "arm", "--for", howLong, "--reason", "wave 7", "--identity", l.guard().Identity)
}

// Killed while it is armed: it stays armed until its time, so the run can go on,
// and is closed behind it.
func TestKilledWhileArmed(t *testing.T) {
	for _, k := range kinds {
		for _, point := range []run.Point{run.PointStarted, run.PointLanded, run.PointRunEnd} {
			t.Run(string(k)+"/"+string(point), func(t *testing.T) {
				t.Parallel()
				s := stageOf(t, k, "load")
				l := newLife(t, k, s.before, s.edition)
				l.production()
				l.run(exitRefused, s.args...)
				l.arm("1h")
				l.killedAt(string(point)+":1", s.args...)
				if g := l.guard(); !g.Armed {
					t.Errorf("after a kill: %+v", g)
				}
				l.run(exitOpen, "resume")
				l.same(s.after, s.run)
				if g := l.guard(); g.Armed || g.DisarmedBy != "landfall" || g.DisarmedWhy != "run "+s.run+" completed" {
					t.Errorf("after the run: %+v", g)
				}
				l.run(exitRefused, s.args...)
				mentions(t, l.run(exitLanded, "guard", "status", "--verify"), "The audit holds")
			})
		}
	}
}

// The time runs out while the target cannot be reached: when it is back nothing
// more is written, no record has failed of the outage, and the run goes on once
// the target is armed again.
func TestTimeRunsOutWhileTheTargetIsDown(t *testing.T) {
	t.Parallel()
	s := stageOf(t, onPostgres, "load")
	l := newLife(t, onPostgres, s.before, s.edition)
	cable := newCable(t, l.ground.url)
	direct := l.ground.url
	l.mapTo(cable.through(direct))
	l.ground.url = cable.through(direct)
	l.production()
	l.ground.url = direct
	l.arm("4s")
	l.env = []string{slowPoints + "=100ms"}
	p := l.start("", append(s.args, "--lanes", "1")...)
	p.says("started")
	time.Sleep(400 * time.Millisecond)
	cable.unplug()
	p.says("trying again")
	time.Sleep(4 * time.Second)
	rows := l.ground.query(t, "SELECT count(*) FROM lines")
	cable.plug(t)
	p.wait(exitRefused)
	mentions(t, p.output.String(), "refused (mode-expired)", "landfall resume")
	if after := l.ground.query(t, "SELECT count(*) FROM lines"); after[0][0] != rows[0][0] {
		t.Errorf("%s rows when the time had run out, %s later", rows[0][0], after[0][0])
	}
	l.env = nil
	l.run(exitRefused, "resume")
	l.arm("1h")
	l.run(exitOpen, "resume")
	l.same(s.after, s.run)
}

// cable is what stands between the command and the server, and can be pulled.
type cable struct {
	address, server string

	mu    sync.Mutex
	ends  []io.Closer
	plugs net.Listener
}

func newCable(t testing.TB, address string) *cable {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal("the server's address is no URL")
	}
	c := &cable{address: "127.0.0.1:0", server: parsed.Host}
	c.plug(t)
	c.address = c.plugs.Addr().String()
	t.Cleanup(c.unplug)
	return c
}

func (c *cable) through(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	parsed.Host = c.address
	return parsed.String()
}

func (c *cable) plug(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.plugs, c.ends = listener, []io.Closer{listener}
	c.mu.Unlock()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", c.server)
			if err != nil {
				client.Close()
				continue
			}
			c.mu.Lock()
			c.ends = append(c.ends, client, server)
			c.mu.Unlock()
			carry := func(to, from net.Conn) {
				defer to.Close()
				_, _ = io.Copy(to, from) // its end is the connection's
			}
			go carry(server, client)
			go carry(client, server)
		}
	}()
}

func (c *cable) unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, end := range c.ends {
		end.Close()
	}
}
