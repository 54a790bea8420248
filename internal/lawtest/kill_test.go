package lawtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"landfall/internal/cli"
	"landfall/internal/run"
)

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
