package dataload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Arguments as runbooks of the vendor's loader have them mean what their writers
// meant.
func TestSpell(t *testing.T) {
	t.Parallel()
	known := []string{
		"apid_uri", "client-id", "client-secret", "config-key", "default-client", "type-name", "batch-size", "start-at", "workers", "timeout",
		"rate-limit", "dry-run", "delta-migration", "primary-key", "output-dir", "duplicates", "retry-codes", "help",
	}
	for given, want := range map[string]string{
		"-dm -pk email users.csv":           "--delta-migration --primary-key email users.csv",
		"-pk=email users.csv":               "--primary-key=email users.csv",
		"users.csv -pk loyalty.id -dm":      "users.csv --primary-key loyalty.id --delta-migration",
		"-p -pk users.csv":                  "-p -pk users.csv", // the value of -p, whatever it looks like
		"-s -dm users.csv":                  "-s -dm users.csv",
		"--client-secret -pk users.csv":     "--client-secret -pk users.csv",
		"-m -d -pkunde users.csv":           "-m -d -pkunde users.csv",
		"-md users.csv":                     "-md users.csv",
		"-xm -p email users.csv":            "-xm -p email users.csv",
		"-mp -dm":                           "-mp -dm",
		"--delta --batch 10 --rate=3 u.csv": "--delta-migration --batch-size 10 --rate-limit=3 u.csv",
		"--retry 3":                         "--retry 3", // none of the vendor's
		"--client x":                        "--client x",
		"-- -dm":                            "-- -dm",
		"--apid x --d":                      "--apid_uri x --d",
	} {
		if diff := cmp.Diff(strings.Fields(want), Spell(strings.Fields(given), known)); diff != "" {
			t.Errorf("%s:\n%s", given, diff)
		}
	}
}
