package sourcetest

import (
	"errors"
	"io"
	"testing"

	"landfall/internal/source"
)

func testResume(t *testing.T, h Harness) {
	for name, table := range map[string]Table{
		"numbers":   people(5, 3, 12, 1, 7, 100),
		"composite": pairs(),
		"messy":     messy(h),
	} {
		t.Run(name, func(t *testing.T) {
			origin := h.open(t, table)
			all := readAll(t, origin, source.Position{})
			for i, r := range all {
				// What is stored is the text of the position.
				stored, err := source.ParsePosition(r.behind.String())
				if err != nil {
					t.Fatal(err)
				}
				rest := readAll(t, origin, stored)
				same(t, "the rest after "+r.behind.String(), rest, all[i+1:])
				if len(rest) > 0 && rest[len(rest)-1].behind.String() != all[len(all)-1].behind.String() {
					t.Errorf("the last place is %s instead of %s", rest[len(rest)-1].behind, all[len(all)-1].behind)
				}
			}
		})
	}
}

// testBatches cuts in small pieces, each by a reader of its own, and compares
// with the cuts of one unbroken reader.
func testBatches(t *testing.T, h Harness) {
	origin := h.open(t, messy(h))
	limits := source.Limits{Records: 2, Bytes: 1 << 20}
	whole := batches(t, origin, source.Position{}, 0, limits)
	if len(whole) != (len(messy(h).Rows)+1)/2 {
		t.Fatalf("%d batches", len(whole))
	}
	for i, batch := range whole {
		if i > 0 && batch.Start.String() != whole[i-1].End.String() {
			t.Errorf("batch %d starts at %s instead of %s", i, batch.Start, whole[i-1].End)
		}
		again := batches(t, origin, batch.Start, batch.Ordinal, limits)
		if again[0].Digest != batch.Digest || again[0].End.String() != batch.End.String() || len(again) != len(whole)-i {
			t.Errorf("batch %d read again is another one", i)
		}
	}
}

func batches(t *testing.T, origin source.Origin, start source.Position, ordinal int64, limits source.Limits) []*source.Batch {
	t.Helper()
	reader, err := origin.Read(t.Context(), onlySlice(t, origin), start)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	cutter := source.NewBatches(reader, 0, ordinal, start, limits)
	var all []*source.Batch
	for {
		batch, err := cutter.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, batch)
	}
}
