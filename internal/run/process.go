package run

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"landfall/internal/books"
)

// holderName is who runs this process, for people: user@host.
func holderName() (actor, host string) {
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
// was killed can be told from one whose holder is alive: the machine's boot,
// the pid, and when the pid was given out.
func processID() string {
	return fmt.Sprintf("%s pid %d start %s", boot(), os.Getpid(), started(os.Getpid()))
}

// boot names the machine since it was last started.
func boot() string {
	host, _ := os.Hostname()
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return host
	}
	return host + "/" + string(bytes.TrimSpace(id))
}

// started is when a process was started, in clock ticks since boot; empty where
// that cannot be told or there is no such process.
func started(pid int) string {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// The name in parentheses may hold blanks; the fields behind it do not.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

// holderGone reports whether a lease's holder is known to have ended: it ran on
// this machine, since its last start, and its process is not there any more.
func holderGone(holder books.Holder) bool {
	place, rest, found := strings.Cut(holder.Process, " pid ")
	if !found || place != boot() {
		return false
	}
	pidText, start, _ := strings.Cut(rest, " start ")
	pid, err := strconv.Atoi(pidText)
	if err != nil {
		return false
	}
	if now := started(pid); now != "" || start != "" {
		return now != start
	}
	return syscall.Kill(pid, 0) == syscall.ESRCH
}
