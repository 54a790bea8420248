// Package lifetest proves "never lost, never doubled". Its tests run the
// command itself, as processes of their own, on a small messy migration; they
// kill it, its server and its connections at every point of a batch's life,
// let it go on, and hold what is there in the end against an unbroken run.
package lifetest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"landfall/internal/cli"
	"landfall/internal/run"
)

// The test binary is also the command: these variables make it so, and say
// where it breaks.
const (
	asCommand    = "LANDFALL_LIFE_COMMAND"
	breakAt      = "LANDFALL_LIFE_BREAK" // point:pass:deed
	signFile     = "LANDFALL_LIFE_SIGN"  // made when the point is reached
	countFile    = "LANDFALL_LIFE_COUNT" // gets how often each point was passed
	slowPoints   = "LANDFALL_LIFE_SLOW"  // how long every batch-read takes longer
	largestFile  = "LANDFALL_LIFE_FILE"  // no file may grow beyond so many bytes
	targetSecret = "LANDFALL_LIFE_PASSWORD"
)

// What is done at the point.
const (
	deedKill = "kill" // as a crash would: nothing is said to anybody
	deedStop = "stop" // the process sleeps, lease and all, until it is woken
	deedHold = "hold" // waits there until the sign is removed
)

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(command())
	}
	code := m.Run()
	for _, end := range atEnd {
		end()
	}
	os.Exit(code)
}

// atEnd is done when all tests have ended: what they share is taken down.
var (
	atEnd   []func()
	atEndMu sync.Mutex
)

func whenAllEnded(do func()) {
	atEndMu.Lock()
	defer atEndMu.Unlock()
	atEnd = append(atEnd, do)
}

func command() int {
	if size, err := strconv.ParseUint(os.Getenv(largestFile), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ) // so that writing fails, as on a full disk
		if err := limitFiles(size); err != nil {
			panic(err)
		}
	}
	p := newPasses()
	code := cli.MainWith(os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr}, p.pass)
	p.tell()
	return code
}

// passes counts how often the run passes its points, and breaks it at one.
type passes struct {
	mu    sync.Mutex
	count map[run.Point]int
	point run.Point
	want  int
	deed  string
	slow  time.Duration
}

func newPasses() *passes {
	p := &passes{count: map[run.Point]int{}}
	if text := os.Getenv(breakAt); text != "" {
		parts := strings.Split(text, ":")
		n, err := strconv.Atoi(parts[1])
		if err != nil {
			panic(err)
		}
		p.point, p.want, p.deed = run.Point(parts[0]), n, parts[2]
	}
	p.slow, _ = time.ParseDuration(os.Getenv(slowPoints)) // unset is not slow
	return p
}

func (p *passes) pass(point run.Point) {
	p.mu.Lock()
	p.count[point]++
	here := point == p.point && p.count[point] == p.want
	p.mu.Unlock()
	if point == run.PointRead {
		time.Sleep(p.slow)
	}
	if !here {
		return
	}
	if sign := os.Getenv(signFile); sign != "" {
		if err := os.WriteFile(sign, nil, 0o600); err != nil {
			panic(err)
		}
	}
	switch p.deed {
	case deedKill:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal may reach another thread first
	case deedStop:
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(50 * time.Millisecond)
	case deedHold:
		for {
			if _, err := os.Stat(os.Getenv(signFile)); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func (p *passes) tell() {
	file := os.Getenv(countFile)
	if file == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := json.Marshal(p.count)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
