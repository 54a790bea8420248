package cli

import (
	"math"
	"os"
	"runtime/debug"
)

// softMemory is what the collector keeps the heap below when it can. What a run
// must hold is bounded by its batches and stays far under it; without a bound
// the heap would grow to twice that before it is collected.
const softMemory = 160 << 20

// bounded is set when the program itself has bounded its memory.
var bounded bool

// boundMemory leaves the choice to the user where GOMEMLIMIT is set.
func boundMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		bounded = true
		debug.SetMemoryLimit(softMemory)
	}
}

// softPlanMemory is that of a plan, whose scratch database has memory of its own
// that the collector knows nothing of.
const softPlanMemory = 96 << 20

func boundPlanMemory() {
	if bounded {
		debug.SetMemoryLimit(softPlanMemory)
	}
}

// garbageShare is how much garbage, in percent of what is kept, may gather in a
// program that keeps in memory whatever it is given.
const garbageShare = 40

// unboundMemory is for such a program: a bound below what it keeps would let the
// collector run all the time.
func unboundMemory() {
	if bounded {
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(garbageShare)
	}
}
