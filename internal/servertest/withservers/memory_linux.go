package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// memoryFolder is where Linux systems keep files in memory.
const memoryFolder = "/dev/shm"

// enoughMemory is how many bytes must be free in it, and of the machine's memory,
// before the tests' databases are put there: several times of what they take.
const enoughMemory = 8 << 30

// tmpfsMagic is how statfs(2) names a file system in memory.
const tmpfsMagic = 0x01021994

// inMemory makes a folder for temporary files in memory, where there is plenty of
// it: the tests' databases write through to the disk at each commit, and what they
// show is what outlives a killed process, not what outlives a loss of power. It is
// empty where there is no such place.
func inMemory() (folder string, err error) {
	var file syscall.Statfs_t
	if err := syscall.Statfs(memoryFolder, &file); err != nil || int64(file.Type) != tmpfsMagic {
		return "", nil
	}
	if file.Bavail*uint64(file.Bsize) < enoughMemory || availableMemory() < enoughMemory {
		return "", nil
	}
	folder, err = os.MkdirTemp(memoryFolder, "landfall-test-")
	if err != nil {
		return "", err
	}
	// Servers run as another user, and must get through.
	return folder, os.Chmod(folder, 0o711)
}

// availableMemory is how many bytes programs may still take without swapping; 0
// where the system does not tell.
func availableMemory() uint64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		rest, found := strings.CutPrefix(lines.Text(), "MemAvailable:")
		var kilobytes uint64
		if _, err := fmt.Sscan(rest, &kilobytes); found && err == nil {
			return kilobytes << 10
		}
	}
	return 0
}
