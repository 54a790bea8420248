package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTransactionsAskTheGuard: who holds the lease alone asks half of what must
// be asked. Session.Check asks for the lease and the guard; only the session
// itself, which closes runs that the guard has stopped, asks for less, and who
// gives back indexes, which are not left away when the time has run out.
func TestTransactionsAskTheGuard(t *testing.T) {
	asks := 0
	without := map[string]int{"session.go": 3, "indexes.go": 2, "remote_land.go": 1, "remote_left.go": 1}
	for _, room := range []string{".", "../rollback", "../entries"} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			asks += strings.Count(string(text), ".Check(ctx, ")
			if n := strings.Count(string(text), "Lease.Check("); n != without[file] {
				t.Errorf("%s asks %d times for the lease and not for the guard, not %d times: use Session.Check", file, n, without[file])
			}
		}
	}
	if asks < 9 {
		t.Errorf("only %d transactions ask", asks)
	}
}
