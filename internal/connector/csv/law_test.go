package csv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"landfall/internal/source"
)

// FuzzResume holds every input to the law that reading on at any record's
// position gives the same rest, numbers and lines included.
func FuzzResume(f *testing.F) {
	for _, test := range inputs {
		f.Add(test.content)
	}
	path := filepath.Join(f.TempDir(), "fuzzed.csv")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte("ID,Name\n"+content), 0o600); err != nil {
			t.Fatal(err)
		}
		origin, err := New().Open(context.Background(), source.From{File: path, Key: []string{"ID"}})
		if err != nil {
			t.Fatal(err)
		}
		rows, ends := readAll(t, origin)
		if len(rows) > 0 {
			last := ends[len(ends)-1]
			if size := int64(len("ID,Name\n" + content)); last.Offset != size || last.Number != int64(len(rows)) {
				t.Fatalf("the last position is %s of %d bytes and %d rows", last, size, len(rows))
			}
		}
		for i, at := range ends {
			if i > 50 {
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
	})
}

// FuzzBuffering holds the scanner to giving the same rows however the bytes
// come in, with and without a limit in the way.
func FuzzBuffering(f *testing.F) {
	for _, test := range inputs {
		f.Add(test.content, 1000)
		f.Add(test.content, 9)
	}
	f.Fuzz(func(t *testing.T, content string, limit int) {
		limit = max(limit, 1)
		whole := scanAll(t, strings.NewReader(content), limit)
		for _, in := range []io.Reader{
			iotest.OneByteReader(strings.NewReader(content)),
			iotest.DataErrReader(iotest.HalfReader(strings.NewReader(content))),
		} {
			if parts := scanAll(t, in, limit); !slices.Equal(parts, whole) {
				t.Fatalf("in pieces %q\nas a whole %q", parts, whole)
			}
		}
	})
}

func scanAll(t *testing.T, in io.Reader, limit int) (rows []string) {
	s := newScanner(in, Plain, 0, 0)
	s.limit = limit
	for {
		before := s.offset
		bad, err := s.next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil || s.offset <= before {
			t.Fatalf("at byte %d: %v", s.offset, err)
		}
		row := strings.Join(s.cells, "\x01")
		if bad != nil {
			row += bad.what
		}
		rows = append(rows, row)
	}
}

// FuzzWriter holds the writer to the law that what it writes reads the same.
func FuzzWriter(f *testing.F) {
	f.Add("a", "b,\"c\"", "\r", byte(','), byte('"'), true, false)
	f.Add("\ufeff", "", "x\ny", byte(';'), byte('\''), false, true)
	f.Fuzz(func(t *testing.T, a, b, c string, delimiter, quote byte, crlf, mark bool) {
		if (Settings{string(rune(delimiter)), string(rune(quote))}).Validate() != nil {
			return
		}
		format := Format{Delimiter: delimiter, Quote: quote, CRLF: crlf, BOM: mark}
		rows := [][]string{{a, b, c}, {c}, {b, a}, {a, "", c, b}}
		var file bytes.Buffer
		w := NewWriter(&file, format)
		for _, row := range rows {
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		content := file.Bytes()
		if bytes.HasPrefix(content, bom) != mark {
			t.Fatalf("the file starts with %q", content[:min(4, len(content))])
		}
		s := newScanner(bytes.NewReader(bytes.TrimPrefix(content, bom)), format, 0, 0)
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
			b.SetBytes(origin.info.Size())
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
