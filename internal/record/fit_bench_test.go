package record

import (
	"testing"
	"time"
)

var benched = []struct {
	name string
	t    Type
	v    Value
}{
	{"int", Type{Kind: KindInt, Bits: 32}, Int(123456)},
	{"int from text", Type{Kind: KindInt, Bits: 32}, Text("123456")},
	{"decimal", Type{Kind: KindDecimal, Precision: 12, Scale: 2}, Decimal("12345.67")},
	{"decimal from text", Type{Kind: KindDecimal, Precision: 12, Scale: 2}, Text("12345.6")},
	{"text", Type{Kind: KindText, Length: 80}, Text("Margaret Hamilton, 12 Apollo Way")},
	{"text not ASCII", Type{Kind: KindText, Length: 80}, Text("Märgaret Hamilton, 12 Apollo Straße")},
	{"uuid", Type{Kind: KindText, UUID: true}, Text("6ba7b810-9dad-11d1-80b4-00c04fd430c8")},
	{"date", kind(KindDate), Date(2024, 2, 29)},
	{"date from text", kind(KindDate), Text("2024-02-29")},
	{"timestamp", Type{Kind: KindTimestamp, Fraction: 6}, Timestamp(time.Now())},
	{"timestamp from text", Type{Kind: KindTimestamp, Fraction: 6}, Text("2024-02-29 08:30:15.123456")},
	{"json", kind(KindJSON), JSON(`{"a":[1,2.5,"x"],"b":{"c":null,"d":"some text"}}`)},
}

func BenchmarkFit(b *testing.B) {
	for _, bench := range benched {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, m := bench.t.Fit(bench.v); m != nil {
					b.Fatal(m)
				}
			}
		})
	}
}

func TestFitOfCanonicalAllocatesNothing(t *testing.T) {
	for _, bench := range benched {
		if bench.t.Kind == KindJSON {
			continue // its buffers come from a pool, which may be emptied at any time
		}
		fitted, _ := bench.t.Fit(bench.v)
		allocs := testing.AllocsPerRun(100, func() { bench.t.Fit(fitted) })
		if allocs >= 1 {
			t.Errorf("%s: %v allocations", bench.name, allocs)
		}
	}
}
