package run

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// TestErrorBudgetWindow holds the window against a count of every stretch of
// records, for failures at random places and batches of random sizes.
func TestErrorBudgetWindow(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		of := 1 + r.Int64N(40)
		limit := mapping.StopAfter{Failures: 1 + r.Int64N(of), Of: of}
		b := newBudget(limit, "", "acme-0001")
		var failed []bool
		crowded := false
		for range 20 {
			size := 1 + r.IntN(15)
			var failures []failure
			for place := range size {
				fails := r.IntN(6) == 0
				failed = append(failed, fails)
				if fails {
					failures = append(failures, failure{place, record.CodeTooLong})
				}
			}
			count := int64(0)
			for at := range failed {
				if failed[at] {
					count++
				}
				if before := int64(at) - of; before >= 0 && failed[before] {
					count--
				}
				crowded = crowded || count >= limit.Failures
			}
			b.add(size, failures)
			if (b.end() != nil) != crowded {
				t.Fatalf("seed %d, %s: after %d records spent is %v, but some stretch holds that many: %v", seed, limit, len(failed), b.end() != nil, crowded)
			}
		}
	}
}

// TestErrorBudgetTurns: whatever the order in which lanes land, what is counted
// at the end is counted up to the same batch.
func TestErrorBudgetTurns(t *testing.T) {
	batches := make([]counted, 12)
	for i := range batches {
		batches[i] = counted{read: 10}
		for place := range i % 5 {
			batches[i].failures = append(batches[i].failures, failure{place, record.Code(fmt.Sprint("code-", place))})
		}
	}
	want := ""
	for seed := range uint64(50) {
		b, turns := newBudget(mapping.StopAfter{Failures: 14}, "", "acme-0001"), &turns{}
		for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(len(batches)) {
			turns.landed(b, int64(i), batches[i])
		}
		if b.end() == nil {
			t.Fatal("the budget is not spent")
		}
		got := b.end().Error()
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("seed %d:\n%s\nand in another order:\n%s", seed, got, want)
		}
	}
}
