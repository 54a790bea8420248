package lawtest

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"landfall/internal/run"
)

var rewrite = flag.Bool("rewrite", false, "write what is said now into the golden files")

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z`)

// golden holds a text to a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = moment.ReplaceAllString(got, "(moment)")
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, name, string(want), got)
}

// TestExplain tells the stories of a record that was created and updated, of
// one that failed, was retried and landed, and of a blocked one.
func TestExplain(t *testing.T) {
	w := family(t, sqliteWorld(t))
	w.run(run.Options{})
	w.file("parents.csv", "No,Name", "1,changed", "2,mended", "3,three")
	w.run(run.Options{RetryOpen: true})
	w.run(run.Options{})
	for name, args := range map[string][]string{
		"explain-updated.txt": {"explain", "parent:1"},
		"explain-retried.txt": {"explain", "parent:2"},
		"explain-created.txt": {"explain", "parent:3"},
		"explain-blocked.txt": {"explain", "child:2"},
		"explain-failed.txt":  {"explain", "child:3"},
	} {
		code, out, errs := w.cli(args...)
		if code != 0 {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
		golden(t, name, out)
	}
	if code, _, errs := w.cli("explain", "parent:99"); code != 4 || errs == "" {
		t.Errorf("a record that no run has read: exit %d, %s", code, errs)
	}
}
