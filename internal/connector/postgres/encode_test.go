package postgres

import (
	"errors"
	"io"
	"testing"
	"time"
	"unsafe"

	"landfall/internal/record"
)

// usual is a row of a usual table, and the forms of its columns.
var (
	usual = []record.Value{
		record.Int(123456), record.Int(7), record.Text("Some Customer Name"), record.Text("customer@example.com"),
		record.Text("12 Long Street Name"), record.Text("Springfield"), record.Date(1980, 5, 7), record.TimestampTZ(time.Unix(1_700_000_000, 123456000)),
		record.Decimal("12345.67"), record.Bool(true), record.Float(0.125), record.Null(),
	}
	usualForms = []form{
		binaryInt8, binaryInt4, binaryText, binaryText, binaryText, binaryText, binaryDate, binaryTimestampTZ,
		binaryNumeric, binaryBool, binaryFloat8, binaryText,
	}
)

func usualRows(left int) func() []record.Value {
	return func() []record.Value {
		if left == 0 {
			return nil
		}
		left--
		return usual
	}
}

func drain(t testing.TB, reader *copyReader) int64 {
	n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{reader}, make([]byte, 65531))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// BenchmarkEncode measures COPY's rows alone, without a server.
func BenchmarkEncode(b *testing.B) {
	for name, forms := range map[string][]form{"text": nil, "binary": usualForms} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			drain(b, newCopyReader(make([]byte, 0, copyBuffer), usualRows(b.N), forms))
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func TestEncodingAllocatesNothingPerRow(t *testing.T) {
	for name, forms := range map[string][]form{"text": nil, "binary": usualForms} {
		if allocs := testing.AllocsPerRun(3, func() { drain(t, newCopyReader(make([]byte, 0, copyBuffer), usualRows(10_000), forms)) }); allocs > 20 {
			t.Errorf("%s: 10,000 rows take %.0f allocations", name, allocs)
		}
	}
}

// TestTooLargeValues sends nothing of a value that no server can hold. Its
// bytes are never touched, so that the test needs no memory for them.
func TestTooLargeValues(t *testing.T) {
	huge := unsafe.String(unsafe.SliceData(make([]byte, largest)), largest)
	for kind, forms := range map[*record.Value][]form{
		new(record.Text(huge)): {binaryText}, new(record.JSON(huge)): {binaryJSONB}, new(record.Decimal(huge)): {binaryNumeric},
	} {
		rows := [][]record.Value{{*kind}}
		reader := newCopyReader(nil, func() []record.Value {
			if len(rows) == 0 {
				return nil
			}
			row := rows[0]
			rows = rows[1:]
			return row
		}, forms)
		if n := drain(t, reader); n != int64(len(binaryHeader)+len(binaryTrailer)) || reader.left == nil {
			t.Errorf("%s: %d bytes are sent in binary", kind.Kind(), n)
		}
		rows = [][]record.Value{reader.left}
		reader = newCopyReader(nil, reader.source, nil)
		n, err := io.Copy(io.Discard, reader)
		if n != 0 || !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %d bytes are sent as text: %v", kind.Kind(), n, err)
		}
		if fault := Dialect.Classify(err); fault.Code != record.CodeTooLong || fault.Message == "" {
			t.Errorf("%s: the fault is %+v", kind.Kind(), fault)
		}
	}
}

func TestStoppedReaderLeavesTheRowsAlone(t *testing.T) {
	reader := newCopyReader(nil, func() []record.Value { panic("a row is asked for") }, usualForms)
	reader.stop()
	if n := drain(t, reader); n != 0 {
		t.Errorf("%d bytes come from a stopped reader", n)
	}
}
