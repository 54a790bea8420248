package servertest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// initialize makes the cluster. Texts sort as in a dictionary, not by their
// bytes, where the server can do that: most production databases do, and code
// that relies on byte order must fail here first.
func (p *Postgres) initialize() error {
	p.password = rand.Text()
	secret := filepath.Join(p.dir, "password")
	if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(secret)
	if err := p.who.own(secret); err != nil {
		return err
	}
	initdb := filepath.Join(p.bin, "initdb")
	args := []string{
		"-D", p.data(), "-U", superuser, "-A", "scram-sha-256", "--pwfile", secret,
		"-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions",
	}
	if help, err := exec.Command(initdb, "--help").Output(); err == nil && !p.options.ByteOrder && bytes.Contains(help, []byte("--icu-locale")) {
		args = append(args, "--locale-provider=icu", "--icu-locale=en-US")
	}
	cmd := exec.Command(initdb, args...)
	cmd.Dir, cmd.Env = p.dir, serverEnvironment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.who.credential()}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, bytes.TrimSpace(output))
	}
	return nil
}

// settings listens on loopback alone and makes no socket file: the path of one
// in a test's folder is often longer than the system allows.
func (p *Postgres) settings() []string {
	settings := []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200",
		"logging_collector=off", "timezone=UTC",
	}
	if p.options.Fast {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	return append(settings, p.options.Settings...)
}

func (p *Postgres) data() string    { return filepath.Join(p.dir, "data") }
func (p *Postgres) logFile() string { return filepath.Join(p.dir, "server.log") }

// logTail is the end of the server's log, for errors.
func (p *Postgres) logTail() string {
	log, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// serverEnvironment leaves out what would steer the server elsewhere (PGDATA,
// PGPORT, …) and sets the language in which messages come.
func serverEnvironment() []string {
	kept := []string{"LC_ALL=C", "TZ=UTC"}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "PG") && !strings.HasPrefix(name, "LC_") && name != "LANG" && name != "TZ" {
			kept = append(kept, pair)
		}
	}
	return kept
}
