package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// cost is what one program took.
type cost struct {
	took   time.Duration
	own    time.Duration // processor time of the program
	server time.Duration // of all the server's processes meanwhile; 0 where the system does not tell
	peak   int64         // bytes
}

// processor is all processor time, in the program and for it.
func (c *cost) processor() time.Duration { return c.own + c.server }

// maxrssUnit is what the system counts the peak of a process in.
var maxrssUnit = func() int64 {
	if runtime.GOOS == "darwin" {
		return 1
	}
	return 1024
}()

// settling is how long the server has to see that a client is gone: what a
// session took counts when it has ended.
const settling = 300 * time.Millisecond

// measure runs a program and takes what it cost.
func (g *ground) measure(ctx context.Context, environment []string, program string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = g.dir
	cmd.Env = append(append(os.Environ(), "LANDFALL_BENCH_PASSWORD="+g.password, "PGPASSWORD="+g.password), environment...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	before := serverTime(g.serverProcess)
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, output.Bytes())
	}
	time.Sleep(settling)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("%s: this system does not tell its memory", filepath.Base(program))
	}
	return cost{
		took: took, own: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		server: serverTime(g.serverProcess) - before, peak: usage.Maxrss * maxrssUnit,
	}, nil
}
