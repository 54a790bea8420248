package main

import (
	"os"
	"runtime"
	"testing"
	"time"
)

func TestProcessTimesAreThoseOfTheProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processor times of other processes are read from Linux's /proc")
	}
	before, ok := processTimes(os.Getpid())
	if !ok || before.parent != os.Getppid() {
		t.Fatalf("read %v, parent %d; want %d", ok, before.parent, os.Getppid())
	}
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
		if now, ok := processTimes(os.Getpid()); ok && now.self >= before.self+2*tick {
			return
		}
	}
	t.Fatal("ten seconds of work do not show")
}
