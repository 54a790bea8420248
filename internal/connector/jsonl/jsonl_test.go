package jsonl

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

	"landfall/internal/record"
	"landfall/internal/source"
)

type settings Settings

func (s settings) Decode(into any) error {
	*into.(*Settings) = Settings(s)
	return nil
}

func openContent(t testing.TB, content string, s settings) (source.Origin, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.jsonl")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return New().Open(context.Background(), source.From{Entity: "person", File: path, Key: []string{"id"}, Settings: s})
}

// rest reads on from a position: for every record its number, line, key, cells
// and message.
func rest(t testing.TB, origin source.Origin, after source.Position) (rows []string, ends []source.Position) {
	t.Helper()
	r, err := origin.Read(context.Background(), source.Slice{}, after)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, rejection, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, ends
		}
		if err != nil {
			t.Fatal(err)
		}
		row := fmt.Sprintf("%d/%d %s =", rec.Number, rec.Line, rec.Ref.Key)
		for _, value := range rec.Values {
			if value.IsNull() {
				row += " NULL"
			} else {
				row += " " + value.Raw()
			}
		}
		if rejection != nil {
			row += " ! " + string(rejection.Code) + ": " + rejection.Message()
		}
		rows, ends = append(rows, row), append(ends, r.Position())
	}
}

var inputs = []struct {
	name, content string
	settings      settings
	want          []string
}{
	{"values", `{"id":7,"n":1.50,"b":true,"s":"a\nb\u00e9\ud83d\ude42\"","o":{"x":[1, "}"]},"z":null}` + "\n" + `{"id":"007"}`, settings{}, []string{
		"1/1 7 = 7 1.50 true a\nbé🙂\" {\"x\":[1, \"}\"]} NULL", "2/2 007 = 007 NULL NULL NULL NULL NULL",
	}},
	{"empty string", `{"id":1,"s":""}`, settings{}, []string{"1/1 1 = 1 "}},
	{"blanks and CRLF", " { \"id\" : 1 , \"s\" : [ ] } \r\n{\"s\":2,\"id\":3}\r\n", settings{}, []string{"1/1 1 = 1 [ ]", "2/2 3 = 3 2"}},
	{"union", "{\"id\":1}\n{\"x\":2,\"id\":2}\n", settings{}, []string{"1/1 1 = 1 NULL", "2/2 2 = 2 2"}},
	{"listed", `{"a":1,"id":2,"b":{"id":9}}`, settings{Columns: []string{"id", "c"}}, []string{"1/1 2 = 2 NULL"}},
	{"bad lines", "{\"id\":1}\n\n{\"id\":2,}\n{\"id\":3\n[4]\n{\"id\":5,\"id\":6}\n{\"id\":\" \"}\n{\"id\":\"\\ud83d\"}\n{\"id\":8}", settings{}, []string{
		"1/1 1 = 1",
		"2/2  =  NULL ! ragged-row: people.jsonl: line 2 (record 2) is blank",
		`3/3  = {"id":2,} NULL ! bad-row: people.jsonl: line 3 (record 3) is not JSON from byte 18 of the file on`,
		`4/4  = {"id":3 NULL ! bad-row: people.jsonl: line 4 (record 4) is not JSON: it ends too early`,
		"5/5  = [4] NULL ! bad-row: people.jsonl: line 5 (record 5) is JSON, but not an object",
		`6/6  = {"id":5,"id":6} NULL ! bad-row: people.jsonl: line 6 (record 6) holds the member "id" twice`,
		"7/7  =   ! missing-key: people.jsonl: line 7 (record 7) has nothing in the key column id",
		`8/8  = {"id":"\ud83d"} NULL ! bad-encoding: people.jsonl: line 8 (record 8) holds half a surrogate pair (\uD800 to \uDFFF without the other half), which is no text`,
		"9/9 8 = 8",
	}},
	{"bad bytes", "{\"id\":1,\"s\":\"\xff\"}\n", settings{Columns: []string{"id", "s"}}, []string{
		"1/1  = {\"id\":1,\"s\":\"\xff\"} ! bad-encoding: people.jsonl: line 1 (record 1) is not UTF-8 text at byte 13 of the file",
	}},
	{"bad bytes of another encoding", "{\"id\":1,\"s\":\"\xe9\"}\n{\"id\":2,\"s\":\"\x81\"}\n", settings{Columns: []string{"id", "s"}, Encoding: "windows-1252"}, []string{
		"1/1 1 = 1 é",
		"2/2  = {\"id\":2,\"s\":\"\xed\xb2\x81\"} ! bad-encoding: people.jsonl: line 2 (record 2) is not windows-1252 text at byte 30 of the file",
	}},
	{"a late member", strings.Repeat("{\"id\":1}\n", searched) + `{"id":2,"x":3}`, settings{}, append(
		repeated(searched),
		`1001/1001  = {"id":2,"x":3} NULL ! ragged-row: people.jsonl: line 1001 (record 1001) holds a member "x", and the first 1000 lines do not: list all members in `+"`columns`",
	)},
}

func repeated(n int) (rows []string) {
	for i := range n {
		rows = append(rows, fmt.Sprintf("%d/%d 1 = 1", i+1, i+1))
	}
	return rows
}

func TestRead(t *testing.T) {
	for _, test := range inputs {
		t.Run(test.name, func(t *testing.T) {
			origin, err := openContent(t, test.content, test.settings)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := rest(t, origin, source.Position{}); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		content  string
		settings settings
		want     string
	}{
		{"", settings{}, "people.jsonl: the first 1000 lines hold no JSON object: list the members to read in `columns`"},
		{"[\n{\"id\":1}\n]", settings{}, "people.jsonl: line 1 opens an array; the file must hold one object on each line, with nothing around them"},
		{"{\"ID\":1}", settings{}, `people.jsonl: the first 1000 lines hold no member "id" (did you mean "ID"?)`},
		{"{}", settings{Columns: []string{"a"}}, "people.jsonl: the `columns` hold no member \"id\""},
		{"{}", settings{Columns: []string{"a", "a"}}, `people.jsonl: columns names "a" twice`},
		{"{}", settings{Encoding: "utf-9"}, `people.jsonl: no encoding is called "utf-9" (did you mean "utf-8"?)`},
	} {
		if _, err := openContent(t, test.content, test.settings); err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}

// TestRewrite writes what was read and reads the same, bad lines as they came.
func TestRewrite(t *testing.T) {
	for _, test := range inputs {
		if test.name != "empty string" {
			rewrite(t, test.content, test.settings)
		}
	}
	rewrite(t, "{\"id\":\"\\u4e2d\\ud83d\\ude42\xe9\"}\r\n", settings{Encoding: "windows-1252"})
}

func rewrite(t *testing.T, content string, s settings) {
	t.Helper()
	origin, err := openContent(t, content, s)
	if err != nil {
		return
	}
	var file bytes.Buffer
	w, err := origin.(source.Rewriter).Rewrite(&file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := origin.Read(context.Background(), source.Slice{}, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var cells [][]record.Value
	for {
		rec, rejection, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rejection != nil && strings.Contains(rejection.Message(), "starts a row of more") {
			continue
		}
		var row []string
		for _, v := range rec.Values {
			row = append(row, v.Raw())
		}
		cells = append(cells, rec.Values)
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, column := range origin.Columns() {
		columns = append(columns, column.Name)
	}
	again, err := openContent(t, file.String(), settings{Encoding: s.Encoding, Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	r, err = again.Read(context.Background(), source.Slice{}, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, want := range cells {
		rec, _, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		// A member that is too much is left unread once the columns are listed.
		if len(rec.Values) == len(want) && !slices.EqualFunc(rec.Values, want, func(a, b record.Value) bool { return a.Raw() == b.Raw() }) {
			t.Fatalf("wrote %v as %q, read %v", want, file.Bytes(), rec.Values)
		}
	}
}

// FuzzRead holds every input to the law that reading on at any record's
// position gives the same rest, and that what is written reads the same.
func FuzzRead(f *testing.F) {
	for _, test := range inputs[:len(inputs)-1] {
		f.Add(test.content, test.settings.Encoding, len(test.settings.Columns) > 0)
	}
	f.Fuzz(func(t *testing.T, content, encoding string, listed bool) {
		s := settings{Encoding: encoding}
		if listed {
			s.Columns = []string{"id", "s"}
		}
		origin, err := openContent(t, content, s)
		if err != nil {
			return
		}
		rows, ends := rest(t, origin, source.Position{})
		for i, at := range ends[:min(len(ends), 20)] {
			again, _ := rest(t, origin, at)
			if !slices.Equal(again, rows[i+1:]) {
				t.Fatalf("after row %d: %q, want %q", i+1, again, rows[i+1:])
			}
		}
		if len(ends) > 0 && ends[len(ends)-1].Offset != int64(len(content)) && !strings.HasPrefix(content, "\x1f\x8b") && !strings.HasPrefix(content, "\x28\xb5") {
			t.Fatalf("the end is %s of %d bytes", ends[len(ends)-1], len(content))
		}
		rewrite(t, content, s)
	})
}
