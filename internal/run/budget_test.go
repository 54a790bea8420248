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

// TestErrorBudgetInARow: under a share a thousand failures in a row are enough,
// however many records went well before and wherever batches end; one record
// between them is not.
func TestErrorBudgetInARow(t *testing.T) {
	for _, size := range []int{1, 7, 1000, 4096} {
		for _, c := range []struct {
			good, failed int64
			spared       int64 // the record among the failed ones that goes well; -1: none
			ends         bool
		}{{200_000, judgedFrom, -1, true}, {200_000, judgedFrom - 1, -1, false}, {200_000, judgedFrom, 500, false}, {200_001, judgedFrom + 501, 500, true}} {
			b := newBudget(mapping.StopAfter{Percent: 1}, "", "acme-0001")
			all := c.good + c.failed
			for at := int64(0); at < all; at += int64(size) {
				read := min(int64(size), all-at)
				var failures []failure
				for place := range read {
					if bad := at + place - c.good; bad >= 0 && bad != c.spared {
						failures = append(failures, failure{int(place), record.CodeTooLong})
					}
				}
				b.add(int(read), failures)
			}
			if (b.end() != nil) != c.ends || c.ends && b.spent.InARow < judgedFrom {
				t.Errorf("batches of %d, %+v: it ended with %v", size, c, b.end())
			}
		}
	}
}
