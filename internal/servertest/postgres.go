package servertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const superuser = "landfall"

// Options says how a private server is set up. The zero value is a durable
// server as in production, which is what a crash test needs.
type Options struct {
	// Fast trades durability for speed: for tests that kill nothing.
	Fast bool
	// ByteOrder sorts texts by their bytes, which is faster than the dictionary
	// order that servers have by default.
	ByteOrder bool
	// Settings are further server settings, such as "shared_buffers=1GB".
	Settings []string
}

// Postgres is a private PostgreSQL server on a loopback port of its own. It is
// used by one goroutine at a time.
type Postgres struct {
	bin      string
	dir      string
	ownDir   bool // dir is ours to remove
	who      *account
	options  Options
	password string
	port     int
	process  *process
}

// Start makes a new cluster below dir and starts it. With an empty dir the
// server gets a temporary folder, which Stop removes. It returns once the
// server takes connections. The port stays the same over restarts.
func Start(dir string, options Options) (*Postgres, error) {
	bin, err := Binaries()
	if err != nil {
		return nil, err
	}
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin, dir: dir, who: who, options: options}
	if dir == "" {
		p.ownDir = true
		if p.dir, err = os.MkdirTemp("", "landfall-postgres-"); err != nil {
			return nil, err
		}
	}
	if p.dir, err = filepath.Abs(p.dir); err != nil {
		return nil, err
	}
	if err := errors.Join(p.who.own(p.dir), p.who.reaches(p.dir)); err != nil {
		return nil, p.giveUp(err)
	}
	if err := p.initialize(); err != nil {
		return nil, p.giveUp(err)
	}
	// Between choosing a free port and taking it someone else may take it.
	for try := 1; ; try++ {
		if p.port, err = freePort(); err == nil {
			err = p.Restart()
		}
		if err == nil {
			return p, nil
		}
		if try == 3 {
			return nil, p.giveUp(err)
		}
	}
}

// URL is where a database of the server is, with user and password. The
// database postgres always exists.
func (p *Postgres) URL(database string) string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, p.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return address.String()
}

// Kill9 ends the server and all its backends as a crash would: at once and with
// nothing said to its clients. It returns when all of them are gone.
func (p *Postgres) Kill9() {
	if p.process != nil {
		p.process.killAll()
		p.process = nil
	}
}

// Restart starts the server again after Kill9 or Stop; a running one is shut
// down first. The server repairs itself after a crash, and Restart waits for it.
func (p *Postgres) Restart() error {
	p.shutDown()
	if err := p.launch(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		conn, err := pgx.Connect(ctx, p.URL("postgres"))
		if err == nil {
			err = conn.Close(ctx)
		}
		cancel()
		switch {
		case err == nil:
			return nil
		case !p.process.running():
			return fmt.Errorf("the server ended while starting:\n%s", p.logTail())
		case time.Now().After(deadline):
			p.process.killAll()
			return fmt.Errorf("the server does not take connections: %w\n%s", err, p.logTail())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop shuts the server down and removes its folder when Start made it.
func (p *Postgres) Stop() {
	p.shutDown()
	if p.ownDir {
		_ = os.RemoveAll(p.dir) // a temporary folder that stays harms nobody
	}
}

func (p *Postgres) giveUp(err error) error {
	p.Stop()
	return fmt.Errorf("start a private PostgreSQL: %w", err)
}

// shutDown asks ever more firmly. SIGINT disconnects clients and leaves a
// clean cluster; SIGQUIT leaves the cluster to be repaired.
func (p *Postgres) shutDown() {
	if p.process == nil {
		return
	}
	p.process.signal(syscall.SIGINT)
	if !p.process.wait(30 * time.Second) {
		p.process.signal(syscall.SIGQUIT)
		if !p.process.wait(10 * time.Second) {
			p.process.killAll()
		}
	}
	p.process = nil
}

func (p *Postgres) launch() error {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", p.data(), "-p", strconv.Itoa(p.port)}
	for _, setting := range p.settings() {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, serverEnvironment(), log, log
	p.process, err = launch(cmd, p.who)
	if err != nil {
		p.process = nil
	}
	return err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
