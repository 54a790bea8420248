package report

import (
	"strings"
	"testing"

	"landfall/internal/verdict"
)

func TestHeadlineOfManyDifferences(t *testing.T) {
	v := &Verdicts{
		Reconciliation: &verdict.Reconciliation{Name: "tiny-0001-check-1", State: verdict.Completed},
		Run:            "tiny-0001",
		Entities:       []*verdict.Entity{{Name: "person", Counts: map[string]int64{string(verdict.Missing): 1103}}},
		Each:           func(func(*verdict.Difference) error) error { return nil },
	}
	var told strings.Builder
	if err := v.Tell(&told); err != nil {
		t.Fatal(err)
	}
	if want := "of run tiny-0001: 1,103 differences\n"; !strings.Contains(told.String(), want) {
		t.Errorf("expected %q in\n%s", want, &told)
	}
}
