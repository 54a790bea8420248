package mapping_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"landfall/internal/mapping"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// TestProblems holds every message to testdata/problems.txtar, those about
// what a field may say to fields.txtar, and those about references to
// references.txtar, and those about totals to totals.txtar.
func TestProblems(t *testing.T) {
	for _, golden := range []string{"testdata/problems.txtar", "testdata/fields.txtar", "testdata/references.txtar", "testdata/totals.txtar"} {
		testProblems(t, golden)
	}
}

func testProblems(t *testing.T, golden string) {
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		file, want := archive.Files[i], &archive.Files[i+1]
		t.Run(file.Name, func(t *testing.T) {
			if want.Name != file.Name+".want" {
				t.Fatalf("expected %s.want behind it, found %s", file.Name, want.Name)
			}
			got := ""
			_, err := mapping.ParseBytes("landfall.yaml", file.Data)
			if err != nil {
				got = err.Error() + "\n"
			}
			var problem *mapping.Problem
			if !errors.As(err, &problem) {
				t.Errorf("expected a Problem, got %v", err)
			}
			if strings.Contains(got, "hunter2") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			if *rewrite {
				want.Data = []byte(got)
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if *rewrite {
		if err := os.WriteFile(golden, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
