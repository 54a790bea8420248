package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"landfall/internal/source"
)

// utf16 writes ASCII as UTF-16; a backtick becomes half a surrogate pair.
func utf16(text string, bigEndian bool) string {
	var out []byte
	for i := range len(text) {
		unit := []byte{text[i], 0}
		if text[i] == '`' {
			unit = []byte{0, 0xD8}
		}
		if bigEndian {
			slices.Reverse(unit)
		}
		out = append(out, unit...)
	}
	return string(out)
}

// acid is what customers deliver, and what is said about it. Rows are numbered
// as record/line.
var acid = []struct {
	name     string
	settings settings
	content  string
	want     []string
}{
	{"declared windows-1252", settings{Encoding: "windows-1252"}, "ID,Stra\xdfe\r\n1,\x80 5\r\n2,\x81\r\n3,b\r\n", []string{
		"1/2 1 = 1|€ 5",
		"2/3 2 = 2|\xed\xb2\x81 ! bad-encoding: customers.csv: line 3 (record 2) is not windows-1252 text at byte 20 of the file",
		"3/4 3 = 3|b",
	}},
	{"undeclared windows-1252", settings{}, "ID,Name\n1,M\xfcller\n2,\"a\nM\xfcller\"\n", []string{
		"1/2 1 = 1|M\xfcller ! bad-encoding: customers.csv: line 2 (record 1) is not UTF-8 text at byte 11 of the file",
		"2/3 2 = 2|a\nM\xfcller ! bad-encoding: customers.csv: line 4 (record 2, which starts on line 3) is not UTF-8 text at byte 23 of the file",
	}},
	{"bad bytes behind multibyte characters", settings{Encoding: "shift_jis"}, "ID,Name\n1,\x93\xfa\x96\x7b\n\x82\xa0,\xff\n", []string{
		"1/2 1 = 1|日本",
		"2/3 あ = あ|\xed\xb3\xbf ! bad-encoding: customers.csv: line 3 (record 2) is not shift_jis text at byte 18 of the file",
	}},
	{"UTF-16 by its mark", settings{}, "\xff\xfe" + utf16("ID,Name\r\n1,\"a\r\n,\"\r\n2,`\r\n3\r\n", false), []string{
		"1/2 1 = 1|a\r\n,",
		"2/4 2 = 2|\xed\xa0\x80 ! bad-encoding: customers.csv: line 4 (record 2) is not UTF-16 text at byte 44 of the file",
		"3/5 3 = 3 ! ragged-row: customers.csv: line 5 (record 3) has 1 cell, the header has 2",
	}},
	{"UTF-16 of the other order", settings{Encoding: "utf-16"}, "\xfe\xff" + utf16("ID,Name\n1,a\n", true), []string{"1/2 1 = 1|a"}},
	{"UTF-16 without a mark", settings{Encoding: "utf-16be"}, utf16("ID,Name\n1,a\n", true), []string{"1/2 1 = 1|a"}},
	{"UTF-16 cut in a character", settings{Encoding: "utf-16le"}, utf16("ID,Name\n1,a\n2,b", false) + "c", []string{
		"1/2 1 = 1|a", "2/3 2 = 2|b\xed\xa1\xa3 ! bad-encoding: customers.csv: line 3 (record 2) is not UTF-16 text at byte 30 of the file",
	}},
	{"any delimiter and quote", settings{Delimiter: "§", Quote: "«"}, "ID§Name\n1§«a§««\nb«\n2§\"b\n", []string{"1/2 1 = 1|a§«\nb", "2/4 2 = 2|\"b"}},
	{"delimiter of another encoding", settings{Delimiter: "§", Encoding: "windows-1252"}, "ID\xa7Name\n1\xa7a\n", []string{"1/2 1 = 1|a"}},
	{"no quotes", settings{Quote: "none"}, "ID,Name\n1,\"a\n\"2\",b\n", []string{"1/2 1 = 1|\"a", "2/3 \"2\" = \"2\"|b"}},
	{"escapes", settings{Escape: `\`}, `ID,Name
1,"a\"b\\"
2,c\,d\"\
e
3,"\x"
4,"\\"
5,\
`, []string{
		`1/2 1 = 1|a"b\`, "2/3 2 = 2|c,d\"\ne", "3/5 3 = 3|\\x", "4/6 4 = 4|\\", "5/7 5 = 5|\n",
	}},
	{"escapes without quotes", settings{Escape: `\`, Quote: "none"}, "ID,Name\r\n1,a\\,\"\\\\\r\n2,b\\\r\nc\r\n3,\\n\\", []string{"1/2 1 = 1|a,\"\\", "2/3 2 = 2|b\r\nc", "3/5 3 = 3|\\n\\"}},
	{"carriage returns alone", settings{LineEnd: "cr"}, "ID,Name\r1,a\nb\r2,\"c\rd\"\r3,e\r4\r", []string{
		"1/2 1 = 1|a\nb", "2/3 2 = 2|c\rd", "3/5 3 = 3|e", "4/6 4 = 4 ! ragged-row: customers.csv: line 6 (record 4) has 1 cell, the header has 2",
	}},
	{"no header", settings{Header: "none", Columns: []string{"ID", "Name"}}, "\xef\xbb\xbf1,a\n2\n", []string{
		"1/1 1 = 1|a", "2/2 2 = 2 ! ragged-row: customers.csv: line 2 (record 2) has 1 cell, the mapping's `columns` has 2",
	}},
	{"no header and no rows", settings{Header: "none", Columns: []string{"ID", "Name"}}, "", nil},
	{"header only", settings{}, "ID,Name\r\n", nil},
	{"NUL bytes", settings{}, "ID,Name\n1,\x00\x00\n", []string{"1/2 1 = 1|\x00\x00"}},
	{"cut in a quote", settings{}, "ID,Name\n1,a\n2,\"some\nte", []string{
		"1/2 1 = 1|a", "2/3 2 = 2 ! bad-row: customers.csv: line 3 (record 2) opens a quote in cell 2 that is never closed",
	}},
	{"no final line end", settings{}, "ID,Name\r\n1,a\r\n2,\"b\"", []string{"1/2 1 = 1|a", "2/3 2 = 2|b"}},
	{"blank lines at the end", settings{}, "ID,Name\n1,a\n\n\r\n", []string{
		"1/2 1 = 1|a", "2/3  =  ! ragged-row: customers.csv: line 3 (record 2) is blank", "3/4  =  ! ragged-row: customers.csv: line 4 (record 3) is blank",
	}},
	{"short, long and blank below line breaks", settings{}, "ID,\"Na\nme\"\n1,\"a\n\nb\"\n2\n\n3,c,d\n", []string{
		"1/3 1 = 1|a\n\nb", "2/6 2 = 2 ! ragged-row: customers.csv: line 6 (record 2) has 1 cell, the header has 2",
		"3/7  =  ! ragged-row: customers.csv: line 7 (record 3) is blank",
		"4/8 3 = 3|c|d ! ragged-row: customers.csv: line 8 (record 4) has 3 cells, the header has 2",
	}},
}

func numbered(t testing.TB, origin source.Origin, slice source.Slice) (rows []string) {
	t.Helper()
	r, err := origin.Read(context.Background(), slice, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, rejection, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		row := fmt.Sprintf("%d/%d %s = %s", rec.Number, rec.Line, rec.Ref.Key, strings.Join(cellsOf(rec), "|"))
		if rejection != nil {
			row += " ! " + string(rejection.Code) + ": " + rejection.Message()
		}
		rows = append(rows, row)
	}
}

// TestAcid also reads every file packed, where only the words for its bytes
// differ, and writes it again.
func TestAcid(t *testing.T) {
	for _, test := range acid {
		t.Run(test.name, func(t *testing.T) {
			origin := open(t, test.content, source.From{Settings: test.settings})
			if got := numbered(t, origin, source.Slice{}); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			rewriteAll(t, origin, test.settings)
			packed, err := openBytes(t, test.content, test.settings, true)
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range numbered(t, packed, source.Slice{}) {
				row = strings.NewReplacer("fuzzed.csv", "customers.csv", "of the unpacked file", "of the file").Replace(row)
				if row != test.want[i] {
					t.Errorf("packed: %s", row)
				}
			}
		})
	}
}

func TestAcidHeaders(t *testing.T) {
	for _, test := range []struct {
		name, content string
		settings      settings
		want          string
	}{
		{"UTF-16 cut by nobody", utf16("ID,Name\n", false), settings{}, "customers.csv looks like UTF-16 text without a byte order mark: say `encoding: utf-16le`"},
		{"NUL", "ID,Na\x00me\n", settings{}, "customers.csv: line 1: the name of column 2 holds NUL bytes: is the file UTF-16? Set `encoding`"},
		{"carriage returns", "ID,Name\r1,a\r2,b", settings{}, "customers.csv: line 1: the name of column 2 holds a carriage return: if all lines end in it, set `line_end: cr`"},
		{"bad bytes", "ID,N\x81\n", settings{Encoding: "cp1252"}, "customers.csv: line 1 is not windows-1252 text at byte 4 of the file"},
		{"escape like the delimiter", "", settings{Escape: ","}, "customers.csv: delimiter and escape must differ"},
		{"long escape", "", settings{Escape: "ab"}, "customers.csv: escape must be one character, or none"},
		{"line ends", "", settings{LineEnd: "lf"}, "customers.csv: line_end must be auto or cr"},
		{"header", "", settings{Header: "second"}, "customers.csv: header must be first or none"},
		{"no names", "", settings{Header: "none"}, "customers.csv: header: none needs `columns`, the names of the columns in their order"},
		{"names twice", "", settings{Columns: []string{"ID"}}, "customers.csv: columns are for files with `header: none`; here the first row names them"},
		{"same name", "", settings{Header: "none", Columns: []string{"a", "a"}}, `customers.csv: columns names "a" twice`},
		{"no key", "", settings{Header: "none", Columns: []string{"Id"}}, "customers.csv: `columns`: no column \"ID\" (did you mean \"Id\"?)"},
		{"encoding", "", settings{Encoding: "window-1252"}, `customers.csv: no encoding is called "window-1252" (did you mean "windows-1252"?)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New().Open(context.Background(), source.From{File: writeFile(t, test.content), Key: []string{"ID"}, Settings: test.settings})
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func openSeveral(t *testing.T, files map[string]string) (source.Origin, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return New().Open(context.Background(), source.From{Entity: "customer", File: filepath.Join(dir, "c-*.csv"), Key: []string{"ID"}})
}

func TestSeveralFiles(t *testing.T) {
	origin, err := openSeveral(t, map[string]string{
		"c-1.csv": "ID,Name,City\n1,a,x\n",
		"c-2.csv": "\xff\xfe" + utf16("City,ID,Name\r\ny,2,b\r\n3\r\nz,,c\r\n", false),
		"c-3.csv": "ID,Name,City\n\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := origin.Slices(context.Background())
	if err != nil || len(parts) != 3 {
		t.Fatal(parts, err)
	}
	for i, want := range [][]string{
		{"1/2 1 = 1|a|x"},
		{
			"1/2 2 = 2|b|y", "2/3  = 3 ! ragged-row: c-2.csv: line 3 (record 2) has 1 cell, the header has 3",
			"3/4  = |c|z ! missing-key: c-2.csv: line 4 (record 3) has nothing in the key column ID",
		},
		{"1/2  =  ! ragged-row: c-3.csv: line 2 (record 1) is blank"},
	} {
		if got := numbered(t, origin, parts[i]); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	picked, err := origin.Pick(context.Background(), parts[1], keys{"2": true})
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := rest(t, picked); !slices.Equal(rows, []string{"2 = 2|b|y"}) {
		t.Errorf("%q", rows)
	}
	for name, test := range map[string]struct{ other, want string }{
		"extra":   {"ID,Name,City,Fax\n", `c-2.csv: line 1: column "Fax" is not in c-1.csv; files that are read together have the same columns`},
		"missing": {"ID,City\n", `c-2.csv: line 1: no column "Name", which c-1.csv has; files that are read together have the same columns`},
		"twice":   {"ID,City,Name,ID\n", `c-2.csv: line 1: columns 1 and 4 are both named "ID"`},
		"empty":   {"", "c-2.csv is empty: its first row must name the columns"},
	} {
		_, err := openSeveral(t, map[string]string{"c-1.csv": "ID,Name,City\n", "c-2.csv": test.other})
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, test.want)
		}
	}
}

func TestVast(t *testing.T) {
	if testing.Short() {
		t.Skip("reads some 100 MB")
	}
	long := strings.Repeat("a cell, of \"\"50\"\" MB\n", 50<<20/21)
	origin := open(t, "ID,Name\n1,\""+long+"\"\n2,b\n", source.From{})
	got := numbered(t, origin, source.Slice{})
	if want := "1/2 1 = 1|" + strings.ReplaceAll(long, `""`, `"`); len(got) != 2 || got[0] != want || got[1] != fmt.Sprintf("2/%d 2 = 2|b", 3+50<<20/21) {
		t.Errorf("%d rows, the last is %q", len(got), got[len(got)-1])
	}
	var wide bytes.Buffer
	cells := make([]string, 10_000)
	for row := range 100 {
		for i := range cells {
			cells[i] = fmt.Sprintf("%d-%d", row, i)
		}
		cells[0] = []string{"ID", "1"}[min(row, 1)]
		wide.WriteString(strings.Join(cells, ",") + "\n")
	}
	wide.WriteString(strings.Join(cells[1:], ",") + "\n" + strings.Join(cells, ",") + ",more\n")
	rows := numbered(t, open(t, wide.String(), source.From{}), source.Slice{})
	if len(rows) != 101 || !strings.HasSuffix(rows[98], "|99-9999") {
		t.Fatalf("%d rows", len(rows))
	}
	for i, want := range []string{"line 101 (record 100) has 9999 cells, the header has 10000", "line 102 (record 101) has 10001 cells, the header has 10000"} {
		if want = " ! ragged-row: customers.csv: " + want; !strings.HasSuffix(rows[99+i], want) {
			t.Errorf("got %q, want %q", rows[99+i][len(rows[99+i])-len(want):], want)
		}
	}
}

// BenchmarkForms reads the same rows in several forms.
func BenchmarkForms(b *testing.B) {
	row := "1042,Margaret,Hamilton,12 Apollo Way,Houston,77058,+1 281 555 0101,margaret@example.com,1936-08-17,active,1250.50,imported\n"
	content := "ID,A,B,C,D,E,F,G,H,I,J,K\n" + strings.Repeat(row, 200_000)
	for _, form := range []settings{{}, {Encoding: "windows-1252"}, {Encoding: "utf-16le"}, {Encoding: "shift_jis"}, {Delimiter: "§"}, {Quote: "none"}, {Escape: `\`}} {
		text := content
		if form.Delimiter != "" {
			text = strings.ReplaceAll(text, ",", form.Delimiter)
		}
		encoded := []byte(text)
		if form.Encoding == "utf-16le" {
			encoded = []byte(utf16(text, false))
		}
		b.Run(fmt.Sprint(form), func(b *testing.B) {
			origin := open(b, string(encoded), source.From{Settings: form})
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := origin.Read(context.Background(), source.Slice{}, source.Position{})
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, _, err = r.Read()
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}
