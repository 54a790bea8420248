package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
)

// TestReserve: lanes that take rows one after the other get them at the limit's
// pace, however large their batches are.
func TestReserve(t *testing.T) {
	start := time.Unix(1e9, 0)
	for _, c := range []struct{ limit, batch int }{{5000, 1000}, {5000, 5000}, {5000, 20_000}, {1, 10}, {7, 100}, {1_000_000, 3}} {
		n := newNeighbour(&mapping.Throttle{RowsPerSecond: c.limit})
		taken := 0
		free := [2]time.Time{start, start} // when each of two lanes is ready for more
		for taken < 20*max(c.limit, c.batch) {
			lane := 0
			if free[1].Before(free[0]) {
				lane = 1
			}
			free[lane] = free[lane].Add(n.reserve(free[lane], c.batch))
			taken += c.batch
			seconds := free[lane].Sub(start).Seconds()
			// A second's worth may have been saved up, and both lanes hold a batch.
			if most := float64(c.limit)*(seconds+1) + float64(2*c.batch); float64(taken) > most+1 {
				t.Fatalf("limit %d, batches of %d: %d rows after %.3f s", c.limit, c.batch, taken, seconds)
			}
			if least := float64(c.limit) * seconds; float64(taken) < least-1 {
				t.Fatalf("limit %d, batches of %d: only %d rows after %.3f s", c.limit, c.batch, taken, seconds)
			}
		}
	}
	if wait := newNeighbour(&mapping.Throttle{Lanes: 1}).reserve(start, 1e6); wait != 0 {
		t.Errorf("without a limit: %s", wait)
	}
}

func TestGentleBatches(t *testing.T) {
	for limit, want := range map[int]int{0: DefaultRecords, 10: smallestBatch, 5000: 5000, 1e6: DefaultRecords} {
		if got := newNeighbour(&mapping.Throttle{RowsPerSecond: limit}).records(DefaultRecords); got != want {
			t.Errorf("%d rows a second: batches of %d, not %d", limit, got, want)
		}
	}
	if got := newNeighbour(nil).records(DefaultRecords); got != DefaultRecords {
		t.Errorf("without a throttle: %d", got)
	}
}

// waiting starts a lane that waits, and returns what its waiting ends with.
func waiting(ctx context.Context, n *neighbour, stop <-chan struct{}, rows int, seen *[]EventKind) <-chan error {
	r := &runner{Session: &Session{Gentle: Gentle{n}}, o: Options{Stop: stop, Observe: func(e Event) { *seen = append(*seen, e.Kind) }}}
	entity := &migration.Entity{Entity: &mapping.Entity{Name: "item"}}
	ended := make(chan error, 1)
	go func() {
		_, err := (&entityRun{runner: r, Entity: entity, stored: &ledger.Entity{}}).await(ctx, rows)
		ended <- err
	}()
	return ended
}

func soon(t *testing.T, ended <-chan error, want error) {
	t.Helper()
	select {
	case err := <-ended:
		if !errors.Is(err, want) {
			t.Errorf("ended with %v, not %v", err, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("still waiting")
	}
}

func still(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		t.Fatalf("does not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
}

func TestAwait(t *testing.T) {
	suffering := func() *neighbour {
		n := newNeighbour(&mapping.Throttle{PauseWhile: "SELECT true"})
		n.note("the target suffers (pause_while)", nil)
		return n
	}
	t.Run("goes on when the target is well", func(t *testing.T) {
		n, seen := suffering(), []EventKind{}
		ended := waiting(t.Context(), n, nil, 10, &seen)
		still(t, ended)
		n.note("the target suffers (pause_while)", nil)
		still(t, ended)
		n.note("", nil)
		soon(t, ended, nil)
		if len(seen) != 1 || seen[0] != EventPaused {
			t.Errorf("told %v", seen)
		}
	})
	t.Run("stops at once", func(t *testing.T) {
		n, seen, stop := suffering(), []EventKind{}, make(chan struct{})
		ended := waiting(t.Context(), n, stop, 10, &seen)
		still(t, ended)
		close(stop)
		soon(t, ended, ErrStopped)
	})
	t.Run("ends with the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := waiting(ctx, suffering(), nil, 10, &[]EventKind{})
		cancel()
		soon(t, ended, context.Canceled)
	})
	t.Run("ends when nobody can know", func(t *testing.T) {
		n, failure := suffering(), errors.New("no such table")
		ended := waiting(t.Context(), n, nil, 10, &[]EventKind{})
		still(t, ended)
		n.note("", failure)
		soon(t, ended, failure)
	})
	t.Run("stops while it waits for the limit", func(t *testing.T) {
		n, seen, stop := newNeighbour(&mapping.Throttle{RowsPerSecond: 1}), []EventKind{}, make(chan struct{})
		ended := waiting(t.Context(), n, stop, 1000, &seen)
		still(t, ended)
		close(stop)
		soon(t, ended, ErrStopped)
		if len(seen) != 1 || seen[0] != EventSlowed {
			t.Errorf("told %v", seen)
		}
	})
}
