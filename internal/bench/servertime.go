package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of Linux's processor times, the same on all its platforms.
const tick = 10 * time.Millisecond

// serverTime is the processor time that a PostgreSQL has spent: that of its
// first process, of the children that have ended, and of those that live. It is 0
// where there is no /proc.
func serverTime(first int) time.Duration {
	own, ok := processTimes(first)
	if !ok {
		return 0
	}
	total := own.self + own.ended
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, stat := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil {
			continue
		}
		if child, ok := processTimes(pid); ok && child.parent == first {
			total += child.self + child.ended
		}
	}
	return total
}

// times are what /proc tells of a process.
type times struct {
	parent      int
	self, ended time.Duration // ended: of its children that it has waited for
}

func processTimes(pid int) (t times, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return t, false
	}
	// The program's name stands in brackets and may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 {
		return t, false
	}
	number := func(at int) int {
		n, err := strconv.Atoi(string(fields[at]))
		ok = ok && err == nil
		return n
	}
	ok = true
	t.parent = number(1)
	t.self = time.Duration(number(11)+number(12)) * tick
	t.ended = time.Duration(number(13)+number(14)) * tick
	return t, ok
}
