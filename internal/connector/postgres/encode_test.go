package postgres

import (
	"io"
	"testing"
	"time"

	"landfall/internal/record"
)

// BenchmarkEncode measures COPY's text alone, without a server.
func BenchmarkEncode(b *testing.B) {
	row := []record.Value{
		record.Int(123456), record.Int(7), record.Text("Some Customer Name"), record.Text("customer@example.com"),
		record.Text("12 Long Street Name"), record.Text("Springfield"), record.Date(1980, 5, 7), record.TimestampTZ(time.Unix(1_700_000_000, 123456000)),
		record.Decimal("12345.67"), record.Bool(true), record.Float(0.125), record.Null(),
	}
	left := b.N
	reader := &copyReader{buf: make([]byte, 0, copyBuffer), source: func() []record.Value {
		if left == 0 {
			return nil
		}
		left--
		return row
	}}
	b.ReportAllocs()
	if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{reader}, make([]byte, 65531)); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
