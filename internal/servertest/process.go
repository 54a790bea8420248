package servertest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running server: a child of ours that we alone may signal.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the child was waited for
}

// launch starts the command and waits for it from a goroutine that keeps its
// thread: the kernel ties a child's parent-death signal to the very thread that
// started it.
func launch(cmd *exec.Cmd, who *account) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential(), Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
			close(p.done)
		}
		runtime.UnlockOSThread()
	}()
	return p, <-started
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// signal does nothing once the process was waited for, so it can never reach a
// stranger that was given the same number.
func (p *process) signal(sig syscall.Signal) {
	if p.running() {
		_ = p.cmd.Process.Signal(sig) // it may have ended this instant
	}
}

// wait reports whether the process ended in time.
func (p *process) wait(limit time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(limit):
		return false
	}
}

// killAll kills the process and its children at one stroke. Children are in
// process groups of their own (PostgreSQL's backends make themselves leaders),
// so they are found by their parent; the parent is stopped first, lest it
// start new ones meanwhile.
func (p *process) killAll() {
	p.signal(syscall.SIGSTOP)
	children := childrenOf(p.cmd.Process.Pid)
	p.signal(syscall.SIGKILL)
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
	}
	<-p.done
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if !anyAlive(children) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// childrenOf reads /proc; where there is none it finds nobody, and the
// children end by themselves when they notice that the parent is gone.
func childrenOf(parent int) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	var children []int
	for _, file := range files {
		if _, ppid, ok := readStat(file); ok && ppid == parent {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err == nil {
				children = append(children, pid)
			}
		}
	}
	return children
}

// anyAlive takes a zombie for dead: it holds no memory and no file, and who is
// to wait for it is not for us to say.
func anyAlive(pids []int) bool {
	for _, pid := range pids {
		state, _, ok := readStat("/proc/" + strconv.Itoa(pid) + "/stat")
		if ok && state != "Z" {
			return true
		}
	}
	return false
}

// readStat takes state and parent from a process's stat line. The program's
// name stands in parentheses and may itself hold blanks and parentheses.
func readStat(file string) (state string, parent int, ok bool) {
	line, err := os.ReadFile(file)
	if err != nil {
		return "", 0, false
	}
	fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
	if len(fields) < 2 {
		return "", 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return fields[0], parent, err == nil
}
