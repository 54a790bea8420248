package run

import (
	"runtime"
	"slices"
	"strconv"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
)

// TestManyOpenRecords: the set of open records is as large as the failures were,
// its memory is not.
func TestManyOpenRecords(t *testing.T) {
	const records = 600_000
	w, err := newWanted(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for i := range records {
		if err := w.add("customer number "+strconv.Itoa(i), []ledger.OpenRecord{{Slice: i % 3, Number: int64(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	keys := 0
	err = w.inChunks(func(chunk []string, open map[string][]ledger.OpenRecord) error {
		keys += len(chunk)
		for _, key := range chunk {
			if len(open[key]) != 1 {
				t.Fatalf("%s has the places %v", key, open[key])
			}
		}
		return w.noteLanded(chunk[0])
	})
	if err == nil && heap()-before > markBytes+4<<20 {
		t.Errorf("%d open records take %d bytes of memory", records, heap()-before)
	}
	if err != nil || keys != records || w.total() != records {
		t.Fatalf("%d keys, %d records: %v", keys, w.total(), err)
	}
	in := func(slice, number int, key string) bool {
		return w.includes(slice, &record.Record{Ref: record.Ref{Key: key}, Number: int64(number)})
	}
	got := []bool{
		in(1, 400, "customer number 400"), in(1, 399, "customer number 400"), in(1, 0, "customer number 500"),
		in(2, 500, "customer number 500"), in(2, 501, "customer number 500"), in(1, 1, "customer"),
	}
	// A record of number 500's key has landed; where it stands is not known any more.
	if want := []bool{true, true, true, true, false, false}; !slices.Equal(want, got) {
		t.Errorf("included: %v, wanted %v", got, want)
	}
	if err := w.close(); err != nil || w.err != nil {
		t.Error(err, w.err)
	}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
