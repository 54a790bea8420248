package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTransactionsAskTheGuard: who holds the lease alone asks half of what must
// be asked. Session.Check asks for the lease and the guard; only the session
// itself, which closes runs that the guard has stopped, asks for less.
func TestTransactionsAskTheGuard(t *testing.T) {
	asks := 0
	for _, room := range []string{".", "../rollback"} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || file == "session.go" {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			asks += strings.Count(string(text), ".Check(ctx, ")
			if strings.Contains(string(text), "Lease.Check(") {
				t.Errorf("%s asks for the lease and not for the guard: use Session.Check", file)
			}
		}
	}
	if asks < 9 {
		t.Errorf("only %d transactions ask", asks)
	}
}
