package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/source"
)

// Records that are passed over count all the same: those behind them keep their
// numbers and lines, also where cells hold line breaks, and reading goes on from
// any of them.
func TestSkippedRecordsCount(t *testing.T) {
	content := "ID,Name\n1,\"a\nb\"\n2,c\n3,d\n"
	for skip, want := range []string{"1@2 2@4 3@5", "2@4 3@5", "3@5", "", ""} {
		o := open(t, content, source.From{Settings: settings{Skip: int64(skip)}})
		if got := numbersAndLines(t, o, source.Position{}); got != want {
			t.Errorf("skip %d: read %q, want %q", skip, got, want)
		}
	}
	o := open(t, content, source.From{Settings: settings{Skip: 1}})
	slices, err := o.Slices(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.Read(context.Background(), slices[0], source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("3@5", numbersAndLines(t, o, r.Position())); diff != "" {
		t.Error(diff)
	}
}

func numbersAndLines(t *testing.T, o *Origin, after source.Position) string {
	t.Helper()
	slices, err := o.Slices(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.Read(context.Background(), slices[0], after)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var found []string
	for {
		rec, _, err := r.Read()
		if errors.Is(err, io.EOF) {
			return strings.Join(found, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprintf("%d@%d", rec.Number, rec.Line))
	}
}
