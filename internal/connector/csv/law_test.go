package csv

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
	"landfall/internal/source"
)

// forms are the settings that the laws are held to.
var forms = []settings{
	{},
	{Delimiter: ";", Quote: "'"},
	{Delimiter: "§", Quote: "«"},
	{Quote: "none"},
	{Quote: "none", Escape: `\`},
	{Escape: `\`},
	{LineEnd: "cr"},
	{LineEnd: "cr", Escape: "~", Quote: "none"},
	{Encoding: "windows-1252"},
	{Encoding: "iso-8859-7", Escape: `\`},
	{Encoding: "utf-16le"},
	{Encoding: "utf-16be", Delimiter: "\u2028"},
	{Encoding: "shift_jis", Delimiter: "|"},
	{Encoding: "gb18030"},
	{Encoding: "big5", Quote: "none", Escape: `\`},
	{Encoding: "ibm037"},
}

// FuzzResume holds every input to the law that reading on at any record's
// position gives the same rest, numbers and lines included.
func FuzzResume(f *testing.F) {
	for _, test := range inputs {
		for form := range forms {
			f.Add(test.content, form, form%3 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, content string, form int, packed bool) {
		form = max(form, 0) % len(forms)
		set := forms[form]
		set.Header, set.Columns = none, []string{"ID", "Name"}
		origin, err := openBytes(t, content, set, packed)
		if err != nil {
			return // it begins with a mark of another encoding
		}
		rows, ends := readAll(t, origin)
		if len(rows) > 0 {
			last := ends[len(ends)-1]
			if size := int64(len(content)); last.Offset != size || last.Number != int64(len(rows)) {
				t.Fatalf("the last position is %s of %d bytes and %d rows", last, size, len(rows))
			}
		}
		for i, at := range ends {
			if i > 20 {
				break
			}
			stored, err := source.ParsePosition(at.String())
			if err != nil {
				t.Fatal(err)
			}
			r, err := origin.Read(context.Background(), source.Slice{}, stored)
			if err != nil {
				t.Fatal(err)
			}
			again, places := rest(t, r)
			if !slices.Equal(again, rows[i+1:]) || len(places) > 0 && places[len(places)-1].String() != ends[len(ends)-1].String() {
				t.Fatalf("after row %d: %q, want %q", i+1, again, rows[i+1:])
			}
		}
		rewriteAll(t, origin, set)
	})
}

func openBytes(t *testing.T, content string, set settings, packed bool) (source.Origin, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fuzzed.csv")
	if packed {
		var file bytes.Buffer
		w := gzip.NewWriter(&file)
		w.Write([]byte(content))
		w.Close()
		content = file.String()
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return New().Open(context.Background(), source.From{File: path, Key: []string{"ID"}, Settings: set})
}

// rewriteAll holds an input to the law that its rows, written in its own form,
// read the same, whether they are sound or not. Rows that could not be taken
// apart are written as far as they could be.
func rewriteAll(t *testing.T, origin source.Origin, set settings) {
	t.Helper()
	cells := cellsRead(t, origin)
	var file bytes.Buffer
	w, err := origin.(source.Rewriter).Rewrite(&file)
	for _, row := range cells {
		if err == nil {
			err = w.Write(row)
		}
	}
	if err = errors.Join(err, w.Flush()); err != nil {
		t.Fatal(err)
	}
	again, err := openBytes(t, file.String(), set, false)
	if err != nil {
		if strings.Contains(err.Error(), "byte order mark") {
			return // bad bytes at the very start
		}
		t.Fatal(err)
	}
	if got := cellsRead(t, again); !slices.EqualFunc(got, cells, slices.Equal) {
		t.Fatalf("wrote %q\nas %q\nread %q", cells, file.Bytes(), got)
	}
}

func cellsRead(t *testing.T, origin source.Origin) (rows [][]string) {
	t.Helper()
	r, err := origin.Read(context.Background(), source.Slice{}, source.Position{})
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
		if rejection == nil || rejection.Code != record.CodeBadRow {
			rows = append(rows, cellsOf(rec))
		}
	}
}

// FuzzBuffering holds the scanner to giving the same rows however the bytes
// come in, with and without a limit in the way.
func FuzzBuffering(f *testing.F) {
	for _, test := range inputs {
		for form := range forms {
			f.Add(test.content, 1000, form)
			f.Add(test.content, 9, form)
		}
	}
	f.Fuzz(func(t *testing.T, content string, limit, form int) {
		limit = max(limit, 1)
		settings, err := decodeSettings(forms[max(form, 0)%len(forms)])
		if err != nil {
			t.Fatal(err)
		}
		format := settings.format()
		whole := scanAll(t, strings.NewReader(content), format, limit)
		for _, in := range []io.Reader{
			iotest.OneByteReader(strings.NewReader(content)),
			iotest.DataErrReader(iotest.HalfReader(strings.NewReader(content))),
		} {
			if parts := scanAll(t, in, format, limit); !slices.Equal(parts, whole) {
				t.Fatalf("in pieces %q\nas a whole %q", parts, whole)
			}
		}
	})
}

func scanAll(t *testing.T, in io.Reader, format Format, limit int) (rows []string) {
	s := newScanner(in, format, 0)
	s.Limit = limit
	for {
		before := s.Offset
		bad, err := s.next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil || s.Offset <= before {
			t.Fatalf("at byte %d: %v", s.Offset, err)
		}
		row := strings.Join(s.cells, "\x01")
		if bad != nil {
			row += fmt.Sprint(*bad)
		}
		rows = append(rows, row)
	}
}

// FuzzWriter holds the writer to the law that what it writes reads the same.
func FuzzWriter(f *testing.F) {
	f.Add("a", "b,\"c\"", "\r", ",", `"`, "none", true, false)
	f.Add("\ufeff", "", "x\ny", ";", "'", "none", false, true)
	f.Add("\ufeff", "a\\", "x\ny\r", "§", "none", `\`, false, false)
	f.Add("a\r", "\r\n", "\\\r", "§", "none", `\`, false, false)
	f.Add("a\r", "\r\n", "\\\"", "§", "“", `\`, false, false)
	f.Fuzz(func(t *testing.T, a, b, c, delimiter, quote, escape string, crlf, mark bool) {
		settings := Settings{Delimiter: delimiter, Quote: quote, Escape: escape, LineEnd: "auto", Header: "first"}
		if settings.Validate() != nil {
			return
		}
		format := settings.format()
		format.CRLF = crlf
		rows := [][]string{{a, b, c}, {c}, {b, a}, {a, "", c, b}}
		var file bytes.Buffer
		w := NewWriter(&file, format, textfile.UTF8, mark)
		for _, row := range rows {
			if err := w.Write(row); errors.Is(err, errNoQuotes) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		content := file.Bytes()
		if marked := bytes.HasPrefix(content, []byte(textfile.Mark)); marked != mark && (!marked || format.Quote != "") {
			t.Fatalf("the file starts with %q", content[:min(4, len(content))])
		}
		s := newScanner(bytes.NewReader(bytes.TrimPrefix(content, []byte(textfile.Mark))), format, 0)
		for _, row := range rows {
			if _, err := s.next(); err != nil || !slices.Equal(s.cells, row) {
				t.Fatalf("wrote %q, read %q, %v", row, s.cells, err)
			}
		}
		if _, err := s.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("behind the last row: %v", err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, bench := range []struct{ name, row string }{
		{"plain", "1042,Margaret,Hamilton,12 Apollo Way,Houston,77058,+1 281 555 0101,margaret@example.com,1936-08-17,active,1250.50,imported\n"},
		{"quoted", "\"1042\",\"Margaret\",\"Hamilton\",\"12 Apollo Way\",\"Houston\",\"77058\",\"+1 281 555 0101\",\"margaret@example.com\",\"1936-08-17\",\"active\",\"1250.50\",\"said \"\"hi\"\"\"\n"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			origin := open(b, "ID,A,B,C,D,E,F,G,H,I,J,K\n"+strings.Repeat(bench.row, 200_000), source.From{})
			b.SetBytes(origin.sheets[0].Info.Size())
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
