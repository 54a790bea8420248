package run

import (
	"testing"

	"landfall/internal/target"
)

// The witness of a wave cannot change rows either.
func TestAWaveHasNoWitnessOfChanges(t *testing.T) {
	if _, changes := any(&inserting{}).(target.Table); changes {
		t.Error("it changes rows")
	}
}
