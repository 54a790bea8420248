package sourcetest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/source"
)

// taken is one record as a reader gave it, with the place behind it.
type taken struct {
	rec       *record.Record
	rejection *record.Rejection
	behind    source.Position
}

// String tells records apart, whatever the source made of their values.
func (r taken) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d line %d", r.rec.Ref, r.rec.Number, r.rec.Line)
	for _, value := range r.rec.Values {
		fmt.Fprintf(&b, " %d:%q", value.Kind(), value.String())
	}
	if r.rejection != nil {
		fmt.Fprintf(&b, " rejected %s %s", r.rejection.Step, r.rejection.Code)
	}
	return b.String()
}

func onlySlice(t *testing.T, origin source.Origin) source.Slice {
	t.Helper()
	slices, err := origin.Slices(t.Context())
	if err != nil {
		t.Fatalf("Slices: %v", err)
	}
	if len(slices) != 1 {
		t.Fatalf("%d slices for one small table", len(slices))
	}
	return slices[0]
}

// readAll reads the only slice from a position on.
func readAll(t *testing.T, origin source.Origin, after source.Position) []taken {
	t.Helper()
	reader, err := origin.Read(t.Context(), onlySlice(t, origin), after)
	if err != nil {
		t.Fatalf("Read after %s: %v", after, err)
	}
	return drain(t, reader)
}

func drain(t *testing.T, reader source.Reader) []taken {
	t.Helper()
	var all []taken
	for {
		rec, rejection, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("record %d: %v", len(all)+1, err)
		}
		all = append(all, taken{rec, rejection, reader.Position()})
	}
	if _, _, err := reader.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("a read behind the end says %v, not io.EOF", err)
	}
	if err := reader.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	return all
}

func same(t *testing.T, what string, got, want []taken) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d records instead of %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i].String() != want[i].String() {
			t.Fatalf("%s: record %d is\n%s\ninstead of\n%s", what, i+1, got[i], want[i])
		}
	}
}

// keys lists the records' canonical keys.
func keys(records []taken) string {
	var list []string
	for _, r := range records {
		list = append(list, r.rec.Ref.Key)
	}
	return strings.Join(list, " ")
}

// people is a table of some rows with the given ids, in the given order.
func people(ids ...int64) Table {
	table := Table{
		Name:    "people",
		Columns: []Column{{"id", record.KindInt}, {"name", record.KindText}},
		Key:     []string{"id"},
		Unique:  true,
	}
	for _, id := range ids {
		table.Rows = append(table.Rows, []record.Value{record.Int(id), record.Text(fmt.Sprintf("name %d", id))})
	}
	return table
}

// strangeTexts are what sources get wrong.
var strangeTexts = []string{
	"plain", "", " ", " blanks ", `"quoted"`, `it's`, "semi;colon,comma|bar", "tab\there", "line\nbreak",
	`back\slash`, `\N`, `\x41`, "NULL", "null", "007", "7", "1e3", "0x10", "-0", "Ünïcödé", "日本語", "🙂", "{a,b}", "$1", "%s", "--", "/*",
}
