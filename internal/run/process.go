package run

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/uuid"

	"landfall/internal/books"
)

// HolderName is who runs this process, for people: user@host.
func HolderName() (actor, host string) {
	actor = "unknown"
	if current, err := user.Current(); err == nil {
		actor = current.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return actor, host
}

// processID names this process on its machine, so that a lease whose holder
// was killed can be told from one whose holder is alive: the machine's boot and
// the space of its process ids, the pid, and when the pid was given out.
func processID() string {
	start, _ := started(os.Getpid())
	return fmt.Sprintf("%s pid %d start %s", machine(), os.Getpid(), start)
}

// machine names the machine since it was last started and, since containers on it
// may have its name and its boot, the namespace in which pids mean something.
func machine() string {
	host, _ := os.Hostname()
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return host
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		space = "" // see holderGone
	}
	return host + "/" + string(bytes.TrimSpace(id)) + "/" + space
}

// state is what /proc says of a process.
type state int

const (
	unseen state = iota // there is none, or /proc does not show it
	alive
	dead // it has ended and nobody has asked how
)

// started is when a process was started, in clock ticks since boot.
func started(pid int) (string, state) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", unseen
	}
	// The name in parentheses may hold blanks; the fields behind it do not.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	switch {
	case len(fields) < 20:
		return "", unseen
	case fields[0] == "Z" || fields[0] == "X":
		return "", dead
	}
	return fields[19], alive
}

// holderGone reports whether a lease's holder is known to have ended: it ran on
// this machine, since its last start, among the processes that this one can
// ask for, and is not there any more. In doubt its lease has to run out.
func holderGone(holder books.Holder) bool {
	where, rest, found := strings.Cut(holder.Process, " pid ")
	if !found || where != machine() || strings.HasSuffix(where, "/") {
		return false
	}
	pidText, start, _ := strings.Cut(rest, " start ")
	pid, err := strconv.Atoi(pidText)
	if err != nil || pid <= 0 {
		return false
	}
	switch now, seen := started(pid); seen {
	case dead:
		return true
	case alive:
		return start != "" && now != start
	}
	// /proc may hide the processes of others; the kernel tells that they exist.
	return syscall.Kill(pid, 0) == syscall.ESRCH
}

// NewMark tells one process from every other one.
func NewMark() string {
	mark, err := uuid.NewRandom()
	if err != nil {
		return processID()
	}
	return mark.String()
}
