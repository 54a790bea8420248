package servertest

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is whom the server runs as; nil means as oneself.
type account struct {
	uid, gid int
}

// serverAccount chooses the account: PostgreSQL refuses to run as root, so root
// lends the server an unprivileged one.
func serverAccount() (*account, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(found.Uid)
		gid, gidErr := strconv.Atoi(found.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &account{uid, gid}, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// credential is what a child process needs to run as the account.
func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), NoSetGroups: false}
}

// own gives a file or folder to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// reaches reports the first folder above path that the account may not walk
// through: test folders are often closed to everyone but their maker.
func (a *account) reaches(path string) error {
	if a == nil {
		return nil
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if ok && info.Mode()&0o001 == 0 && int(stat.Uid) != a.uid {
			return fmt.Errorf("%s is closed to the server's user; leave the folder to servertest, or choose one under %s", dir, os.TempDir())
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}
