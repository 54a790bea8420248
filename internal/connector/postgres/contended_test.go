package postgres_test

import (
	"testing"

	"landfall/internal/servertest"
)

// TestContended: waiting for somebody's lock in vain is told from other faults
// that may pass.
func TestContended(t *testing.T) {
	address := servertest.Database(t)
	holder, waiter := connect(t, address), connect(t, address)
	held := begin(t, holder)
	exec(t, held, "CREATE TABLE t (n int)")
	if err := held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	held = begin(t, holder)
	exec(t, held, "LOCK TABLE t")
	waiting := begin(t, waiter)
	exec(t, waiting, "SET LOCAL lock_timeout = '50ms'")
	_, err := waiting.Exec(t.Context(), "INSERT INTO t VALUES (1)")
	if fault := waiter.Dialect().Classify(err); !fault.Contended || !fault.Transient || fault.Lost {
		t.Errorf("%v: %+v", err, fault)
	}
	if err := waiting.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting = begin(t, waiter)
	_, err = waiting.Exec(t.Context(), "SELECT nothing")
	if fault := waiter.Dialect().Classify(err); fault.Contended {
		t.Errorf("%v: %+v", err, fault)
	}
}
