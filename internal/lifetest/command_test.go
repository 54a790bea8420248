package lifetest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The exit codes, as the command's help promises them.
const (
	exitLanded      = 0
	exitBroken      = 1
	exitUsage       = 2
	exitEnvironment = 3
	exitOpen        = 4
	exitInterrupted = 130
	exitKilled      = -1
)

// patience bounds every wait of a test: far more than anything takes.
const patience = 60 * time.Second

// process is the command, running.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	output *output
	sign   string
	ended  chan struct{}
	code   int
}

// output is what a process says, readable while it still speaks.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs the command in the life's folder. broken says where it breaks
// (point:pass:deed), or is empty.
func (l *life) start(broken string, args ...string) *process {
	l.t.Helper()
	_ = os.Remove(l.sign()) // of an earlier process
	return l.startBeside(broken, args...)
}

func (l *life) sign() string { return filepath.Join(l.dir, "sign") }

// startBeside is start while another process of the life is at its point.
func (l *life) startBeside(broken string, args ...string) *process {
	l.t.Helper()
	p := &process{t: l.t, output: &output{}, ended: make(chan struct{}), sign: l.sign()}
	p.cmd = exec.Command(os.Args[0], args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = l.dir, p.output, p.output
	p.cmd.Env = append(os.Environ(), asCommand+"=1", breakAt+"="+broken, signFile+"="+p.sign, targetSecret+"="+l.ground.password)
	p.cmd.Env = append(p.cmd.Env, l.env...)
	if err := p.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state tells
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.ended)
	}()
	l.t.Cleanup(p.kill)
	return p
}

// kill ends the process as a crash would, when it has not ended yet.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended this instant
	<-p.ended
}

func (p *process) signal(signal syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatalf("%v: %v\n%s", signal, err, p.output)
	}
}

// wait returns the exit code, which must be one of those expected.
func (p *process) wait(expected ...int) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.signal(syscall.SIGQUIT) // shows where it hangs
		<-p.ended
		p.t.Fatalf("landfall %v does not end:\n%s", p.cmd.Args[1:], p.output)
	}
	if !slices.Contains(expected, p.code) {
		p.t.Fatalf("landfall %v: exit %d, expected %v\n%s", p.cmd.Args[1:], p.code, expected, p.output)
	}
	return p.code
}

// reached waits until the process is at the point where it breaks.
func (p *process) reached() {
	p.t.Helper()
	p.until("the point is reached", func() bool {
		_, err := os.Stat(p.sign)
		return err == nil
	})
}

// asleep waits until the process was stopped by its own signal.
func (p *process) asleep() {
	p.t.Helper()
	p.reached()
	p.until("the process sleeps", func() bool {
		stat, err := os.ReadFile(filepath.Join("/proc", itoa(p.cmd.Process.Pid), "stat"))
		return err == nil && strings.HasPrefix(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " T")
	})
}

// goOn lets a process that is held at its point go on.
func (p *process) goOn() {
	p.t.Helper()
	if err := os.Remove(p.sign); err != nil {
		p.t.Fatal(err)
	}
}

// says waits until the process has said the words.
func (p *process) says(words string) {
	p.t.Helper()
	p.until("it says "+words, func() bool { return strings.Contains(p.output.String(), words) })
}

func (p *process) until(what string, done func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(3 * time.Millisecond) {
		select {
		case <-p.ended:
			if done() {
				return
			}
			p.t.Fatalf("landfall %v ended with %d before %s:\n%s", p.cmd.Args[1:], p.code, what, p.output)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("landfall %v: not yet that %s:\n%s", p.cmd.Args[1:], what, p.output)
		}
	}
}

// run runs the command to its end.
func (l *life) run(expected int, args ...string) string {
	l.t.Helper()
	p := l.start("", args...)
	p.wait(expected)
	return p.output.String()
}

// killedAt runs the command until it kills itself at the point.
func (l *life) killedAt(broken string, args ...string) {
	l.t.Helper()
	p := l.start(broken+":"+deedKill, args...)
	p.wait(exitKilled)
}

// mentions fails unless the text holds all the words.
func mentions(t testing.TB, text string, words ...string) {
	t.Helper()
	var missing error
	for _, word := range words {
		if !strings.Contains(text, word) {
			missing = errors.Join(missing, errors.New(word))
		}
	}
	if missing != nil {
		t.Errorf("not said:\n%v\nbut:\n%s", missing, text)
	}
}
