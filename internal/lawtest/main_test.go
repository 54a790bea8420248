package lawtest

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/cli"
	"landfall/internal/demo"
	"landfall/internal/run"
	"landfall/internal/servertest"
)

// TestMain puts the server's password where the mappings look for it, and is
// landfall itself where it is told to kill itself.
func TestMain(m *testing.M) {
	if address, err := url.Parse(os.Getenv(servertest.PostgresVariable)); err == nil && address.User != nil {
		password, _ := address.User.Password()
		os.Setenv("LAWTEST_PASSWORD", password)
		os.Setenv(demo.PasswordVariable, password)
	}
	if at := os.Getenv(killVariable); at != "" {
		os.Exit(killMyself(at))
	}
	if raceEnabled {
		// Races show in the first lives of random data as well as in the hundredth.
		if err := flag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// killVariable makes landfall of the test binary, which kills itself when it
// passes a point for the nth time: "batch-committed 17".
const killVariable = "LAWTEST_KILL_AT"

func killMyself(at string) (code int) {
	var point run.Point
	left := 0
	if _, err := fmt.Sscan(at, &point, &left); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return cli.MainWith(os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr}, func(p run.Point) {
		if p != point {
			return
		}
		if left--; left > 0 {
			return
		}
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {} // until it takes effect
	})
}

// killedAt runs a command in a process of its own until that kills itself when it
// passes the point for the nth time.
func (w *world) killedAt(point run.Point, nth int, args ...string) {
	w.t.Helper()
	cmd := exec.Command(os.Args[0], append(args, "-f", filepath.Join(w.dir, "landfall.yaml"))...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", killVariable, point, nth))
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.Exited() {
		w.t.Fatalf("%s was not killed: %v\n%s", strings.Join(args, " "), err, out)
	}
}
