package csv

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/source"
)

// settings answers Decode with what a mapping would hold.
type settings Settings

func (s settings) Decode(into any) error {
	to := reflect.ValueOf(into).Elem()
	for i := range to.NumField() {
		if given := reflect.ValueOf(s).Field(i); !given.IsZero() {
			to.Field(i).Set(given)
		}
	}
	return nil
}

func writeFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "customers.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, content string, from source.From) *Origin {
	t.Helper()
	from.Entity, from.File = "customer", writeFile(t, content)
	if from.Key == nil {
		from.Key = []string{"ID"}
	}
	origin, err := New().Open(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	return origin.(*Origin)
}

// rest reads a reader to its end: for every record its key, cells and message.
func rest(t testing.TB, r source.Reader) (rows []string, ends []source.Position) {
	t.Helper()
	defer r.Close()
	for {
		rec, rejection, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, ends
		}
		if err != nil {
			t.Fatal(err)
		}
		row := rec.Ref.Key + " = " + strings.Join(cellsOf(rec), "|")
		if rejection != nil {
			if rejection.Ref != rec.Ref || rejection.Step != record.StepRead {
				t.Fatalf("rejection %+v of %+v", rejection, rec)
			}
			row += " ! " + string(rejection.Code) + ": " + rejection.Message()
		}
		rows, ends = append(rows, row), append(ends, r.Position())
	}
}

func cellsOf(rec *record.Record) []string {
	cells := make([]string, len(rec.Values))
	for i, v := range rec.Values {
		cells[i] = v.Raw()
	}
	return cells
}

func readAll(t testing.TB, origin source.Origin) ([]string, []source.Position) {
	t.Helper()
	r, err := origin.Read(context.Background(), source.Slice{}, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	return rest(t, r)
}

const cellsMissing = "customers.csv: line 2 (record 1) has 1 cell, the header has 2"

var inputs = []struct {
	name     string
	settings settings
	content  string
	want     []string
}{
	{"plain", settings{}, "ID,Name\n1,a\n2,b\n", []string{"1 = 1|a", "2 = 2|b"}},
	{"no records", settings{}, "ID,Name\n", nil},
	{"header without end", settings{}, "ID,Name", nil},
	{"no end of line", settings{}, "ID,Name\n1,a", []string{"1 = 1|a"}},
	{"mixed line ends", settings{}, "ID,Name\r\n1,a\n2,b\r\n3,\"c\"\r\n4,d\r", []string{"1 = 1|a", "2 = 2|b", "3 = 3|c", "4 = 4|d"}},
	{"byte order mark", settings{}, "\xef\xbb\xbf\"ID\",Name\n1,a\n", []string{"1 = 1|a"}},
	{"empty cells", settings{}, "ID,Name,City\n1,,\n2,\"\",\"\"\n", []string{"1 = 1||", "2 = 2||"}},
	{"quotes", settings{}, "ID,Name\n1,\"a,\"\"b\"\"\"\n\"2\",\"line\r\nbreak\n\"\n3,c\n", []string{`1 = 1|a,"b"`, "2 = 2|line\r\nbreak\n", "3 = 3|c"}},
	{"quote inside", settings{}, "ID,Name\n1,5\" nail\n2, \"b\"\n", []string{`1 = 1|5" nail`, `2 = 2| "b"`}},
	{"CR inside", settings{}, "ID,Name\n1,a\rb\n", []string{"1 = 1|a\rb"}},
	{"NUL", settings{}, "ID,Name\n1,a\x00b\n", []string{"1 = 1|a\x00b"}},
	{"other characters", settings{Delimiter: "\t", Quote: "'"}, "ID\tName\n1\t'a''\tb'\n2\t\"b,c\n", []string{"1 = 1|a'\tb", `2 = 2|"b,c`}},
	{"blanks in the key stay", settings{}, "ID,Name\n 007 ,a\n", []string{" 007  =  007 |a"}},
	{"short", settings{}, "ID,Name\n1\n2,b\n", []string{"1 = 1 ! ragged-row: " + cellsMissing, "2 = 2|b"}},
	{"long", settings{}, "ID,Name\n1,a,\n", []string{"1 = 1|a| ! ragged-row: customers.csv: line 2 (record 1) has 3 cells, the header has 2"}},
	{"ragged without key", settings{}, "Name,ID\nx\n", []string{" = x ! ragged-row: " + cellsMissing}},
	{"blank line", settings{}, "ID,Name\n\n1,a\n\r\n", []string{
		" =  ! ragged-row: customers.csv: line 2 (record 1) is blank", "1 = 1|a",
		" =  ! ragged-row: customers.csv: line 4 (record 3) is blank",
	}},
	{"blank line of one column", settings{}, "ID\n1\n\n2\n", []string{"1 = 1", " =  ! missing-key: customers.csv: line 3 (record 2) has nothing in the key column ID", "2 = 2"}},
	{"blank key", settings{}, "ID,Name\n  ,a\n", []string{" =   |a ! missing-key: customers.csv: line 2 (record 1) has nothing in the key column ID"}},
	{"bad encoding", settings{}, "ID,Name\n1,\"a\nb\xfc\"\n2,b\n", []string{
		"1 = 1|a\nb\xfc ! bad-encoding: customers.csv: line 3 (record 1, which starts on line 2) is not UTF-8 text at byte 14 of the file", "2 = 2|b",
	}},
	{"bad encoding in the key", settings{}, "ID,Name\n\xff,b\n", []string{" = \xff|b ! bad-encoding: customers.csv: line 2 (record 1) is not UTF-8 text at byte 8 of the file"}},
	{"text after quote", settings{}, "ID,Name,City\n1,\"a\" b,c\n2,\"b\",c\n", []string{
		"1 = 1 ! bad-row: customers.csv: line 2 (record 1) has text after the closing quote of cell 2; a quote inside of quotes is written twice", "2 = 2|b|c",
	}},
	{"text after quote below", settings{}, "ID,Name\n1,\"a\nb\"c\n2,b", []string{
		"1 = 1 ! bad-row: customers.csv: line 3 (record 1, which starts on line 2) has text after the closing quote of cell 2; a quote inside of quotes is written twice", "2 = 2|b",
	}},
	{"quote never closed", settings{}, "ID,Name,City\n1,\"a\nb\",\"c\n2,b,c\n", []string{
		"1 = 1|a\nb ! bad-row: customers.csv: line 3 (record 1, which starts on line 2) opens a quote in cell 3 that is never closed",
	}},
	{"quote at the very end", settings{}, "ID,Name\n1,\"", []string{"1 = 1 ! bad-row: customers.csv: line 2 (record 1) opens a quote in cell 2 that is never closed"}},
}

func TestRead(t *testing.T) {
	for _, test := range inputs {
		t.Run(test.name, func(t *testing.T) {
			got, _ := readAll(t, open(t, test.content, source.From{Settings: test.settings}))
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestReadNumbersAndLines(t *testing.T) {
	origin := open(t, "ID,\"Na\nme\"\n1,\"a\n\nb\"\n2,b\n", source.From{})
	r, err := origin.Read(context.Background(), source.Slice{}, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, want := range []struct{ number, line int64 }{{1, 3}, {2, 6}} {
		rec, _, err := r.Read()
		if err != nil || rec.Number != want.number || rec.Line != want.line {
			t.Errorf("record %+v, %v; want %+v", rec, err, want)
		}
	}
	if at := r.Position(); at.Number != 2 || at.Line != 6 || at.Offset != origin.sheets[0].Info.Size() {
		t.Errorf("position at the end %s", at)
	}
}

func TestCompositeKeyAndPick(t *testing.T) {
	origin := open(t, "Job,Tech,Note\n1,2,a\n1|2,3,b\n1,2,c\n1, ,d\n", source.From{Key: []string{"Job", "Tech"}})
	r, err := origin.Pick(context.Background(), source.Slice{}, keys{"1|2": true})
	if err != nil {
		t.Fatal(err)
	}
	got, ends := rest(t, r)
	if want := []string{"1|2 = 1|2|a", "1|2 = 1|2|c"}; !slices.Equal(got, want) || ends[1].Number != 3 {
		t.Errorf("picked %q, %v", got, ends)
	}
	all, _ := readAll(t, origin)
	if want := " = 1| |d ! missing-key: customers.csv: line 5 (record 4) has nothing in the key column Tech"; all[3] != want {
		t.Errorf("got %q, want %q", all[3], want)
	}
}

type keys map[string]bool

func (k keys) Has(key string) bool { return k[key] }

func (k keys) Keys() iter.Seq2[string, error] { return source.KeysOf(maps.Keys(k)) }

// TestLargeRow checks that the limit decides, not what happens to be buffered.
func TestLargeRow(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, test := range []struct{ content, want string }{
		{"1,%\n2,b\n", "line 2 (record 1) starts a row of more than 100 bytes"},
		{"1,\"%\"\n2,b\n", "line 2 (record 1) starts a row of more than 100 bytes"},
		{"1,\"\n%\n2,b\n", "line 2 (record 1) opens a quote in cell 2 that is not closed within 100 bytes"},
		{"1,\"\n\"%\n2,b\n", "line 2 (record 1) starts a row of more than 100 bytes"},
	} {
		r, err := open(t, "ID,Name\n"+strings.Replace(test.content, "%", long, 1), source.From{}).Read(context.Background(), source.Slice{}, source.Position{})
		if err != nil {
			t.Fatal(err)
		}
		r.(*reader).scanner.Limit = 100
		got, _ := rest(t, r)
		if !strings.HasSuffix(got[0], "bad-row: customers.csv: "+test.want) || got[len(got)-1] != "2 = 2|b" {
			t.Errorf("%q: got %q", test.content, got)
		}
	}
}

// TestLongRows takes the buffer through growing and shrinking.
func TestLongRows(t *testing.T) {
	long := strings.Repeat("long, \n", 400_000)
	many := strings.Repeat("2,b\n", 400_000)
	got, _ := readAll(t, open(t, "ID,Name\n1,\""+long+"\"\n"+many+"3,\""+long+"\"\n4,d", source.From{}))
	if len(got) != 400_003 || got[0] != "1 = 1|"+long || got[400_000] != "2 = 2|b" || got[400_001] != "3 = 3|"+long || got[400_002] != "4 = 4|d" {
		t.Errorf("%d rows", len(got))
	}
}

func TestQuoteOpenForLongerThanTheLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a file of 80 MB")
	}
	origin := open(t, "ID,Name\n1,a\n2,\"b\n"+strings.Repeat("3,some name\n", 80<<20/12), source.From{})
	r, err := origin.Read(context.Background(), source.Slice{}, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rejected := 0
	for err == nil {
		var rejection *record.Rejection
		if _, rejection, err = r.Read(); rejection != nil {
			rejected++
			if want := "customers.csv: line 3 (record 2) opens a quote in cell 2 that is not closed within 64 MiB"; rejection.Message() != want {
				t.Errorf("got %s, want %s", rejection.Message(), want)
			}
		}
	}
	if !errors.Is(err, io.EOF) || rejected != 1 || r.Position().Number < 1_000_000 {
		t.Errorf("%d rejected, at %s: %v", rejected, r.Position(), err)
	}
}
