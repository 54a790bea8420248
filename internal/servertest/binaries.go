package servertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// BinariesVariable names the folder that holds initdb and postgres, when they
// are neither where Debian puts them nor on the PATH.
const BinariesVariable = "LANDFALL_TEST_POSTGRES_BIN"

// ErrNoBinaries says that this machine has no PostgreSQL server programs.
var ErrNoBinaries = errors.New("no PostgreSQL server programs (initdb, postgres): install the package postgresql, or name their folder in " + BinariesVariable)

// Binaries finds the folder of the PostgreSQL server programs. Of several
// versions that Debian has side by side it takes the newest.
func Binaries() (string, error) {
	if dir := os.Getenv(BinariesVariable); dir != "" {
		if !hasServer(dir) {
			return "", fmt.Errorf("%s: %s holds no initdb and postgres", BinariesVariable, dir)
		}
		return dir, nil
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	newest, version := "", -1.0
	for _, dir := range dirs {
		number, err := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		if err == nil && number > version && hasServer(dir) {
			newest, version = dir, number
		}
	}
	if newest != "" {
		return newest, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		// initdb wants its sibling postgres, so a link into another folder is followed.
		if real, err := filepath.EvalSymlinks(path); err == nil && hasServer(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	return "", ErrNoBinaries
}

func hasServer(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}
