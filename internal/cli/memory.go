package cli

import (
	"os"
	"runtime/debug"
)

// softMemory is what the collector keeps the heap below when it can. What a run
// must hold is bounded by its batches and stays far under it; without a bound
// the heap would grow to twice that before it is collected.
const softMemory = 160 << 20

// boundMemory leaves the choice to the user where GOMEMLIMIT is set.
func boundMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
}
