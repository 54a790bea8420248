package servertest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Standby copies the running server into a new one that replays what it
// writes. The caller stops it.
func (p *Postgres) Standby(settings ...string) (*Postgres, error) {
	s := &Postgres{bin: p.bin, ownDir: true, who: p.who, options: Options{Settings: settings}, password: p.password}
	var err error
	if s.dir, err = os.MkdirTemp("", "landfall-standby-"); err != nil {
		return nil, err
	}
	if err := errors.Join(s.who.own(s.dir), s.who.reaches(s.dir)); err != nil {
		return nil, s.giveUp(err)
	}
	backup := exec.Command(filepath.Join(p.bin, "pg_basebackup"), "-D", s.data(), "-d", p.URL("postgres"), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	backup.Dir, backup.Env = s.dir, serverEnvironment()
	backup.SysProcAttr = &syscall.SysProcAttr{Credential: p.who.credential()}
	if output, err := backup.CombinedOutput(); err != nil {
		return nil, s.giveUp(fmt.Errorf("pg_basebackup: %w\n%s", err, bytes.TrimSpace(output)))
	}
	if s.port, err = freePort(); err == nil {
		err = s.Restart()
	}
	if err != nil {
		return nil, s.giveUp(err)
	}
	return s, nil
}
