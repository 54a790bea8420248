package crosswalk

import "testing"

// TestStretchesPauseLonger: a source in no order is tried ever more seldom, and
// one success forgets that.
func TestStretchesPauseLonger(t *testing.T) {
	t.Parallel()
	var s stretches
	tries := func(batches int, held bool) (n int) {
		for range batches {
			if s.worthwhile(stretchLeast) {
				n++
				s.tried(held)
			}
		}
		return n
	}
	// The seventh try is batch 70: before the tries stand 0, 1, 2, 4, 8, 16 and 32. From then on they are 33 batches apart.
	if n := tries(1000, false); n != 7+(1000-70)/(mostPause+1) {
		t.Errorf("%d tries of 1000 batches in no order", n)
	}
	s.rest = 0
	if n := tries(1000, true); n != 1000 {
		t.Errorf("%d tries of 1000 batches in order", n)
	}
	if n := tries(3, false); n != 2 {
		t.Errorf("%d tries of 3 batches after a change of order", n)
	}
	if s = (stretches{}); s.worthwhile(stretchLeast - 1) {
		t.Error("a few keys are worth a stretch")
	}
}
