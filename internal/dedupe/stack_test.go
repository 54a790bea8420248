package dedupe_test

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/dedupe"
)

// TestStackGivesBackInReverse pushes far more than memory holds, some of it
// larger than a block, and takes all of it back, also in between.
func TestStackGivesBackInReverse(t *testing.T) {
	t.Parallel()
	s := dedupe.NewStack(t.TempDir())
	defer s.Close()
	text := func(i int) string {
		if i%5000 == 0 {
			return strings.Repeat("x", 600<<10) + fmt.Sprint(i)
		}
		return strings.Repeat("y", i%40) + fmt.Sprint(i)
	}
	next := 0
	push := func(n int) {
		for range n {
			if err := s.Push([]byte(text(next))); err != nil {
				t.Fatal(err)
			}
			next++
		}
	}
	pop := func(n int) {
		for range n {
			next--
			got, ok, err := s.Pop()
			if err != nil || !ok || string(got) != text(next) {
				t.Fatalf("popped %d bytes, %v, %v in place of text %d", len(got), ok, err, next)
			}
		}
	}
	push(20_000)
	pop(7_000)
	push(3_000)
	pop(16_000)
	if _, ok, err := s.Pop(); ok || err != nil {
		t.Errorf("an empty stack gave something back: %v, %v", ok, err)
	}
}
