package textfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"landfall/internal/source"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := folder(t, map[string]string{"c-2.csv": "", "c-10.csv": "", "C-3.csv": "", "._c-2.csv": "", "d[1].csv": "", "other": ""})
	if err := os.Mkdir(filepath.Join(dir, "c-old.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"c-*.csv":      "c-10.csv c-2.csv",
		"?-*.csv":      "C-3.csv c-10.csv c-2.csv",
		"[cC]-?.csv":   "C-3.csv c-2.csv",
		"._*":          "._c-2.csv",
		"*.csv":        "C-3.csv c-10.csv c-2.csv d[1].csv",
		"d[1].csv":     "d[1].csv",
		"d\\[*\\].csv": "d[1].csv",
	} {
		paths, _, err := find(filepath.Join(dir, pattern))
		var names []string
		for _, path := range paths {
			names = append(names, filepath.Base(path))
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v", pattern, got, err)
		}
	}
	for pattern, want := range map[string]string{
		"customers-*.csv": "no file matches " + dir + "/customers-*.csv: the folder holds C-3.csv, c-10.csv, c-2.csv, d[1].csv, other: file does not exist",
		"c[":              "c[: the pattern is not complete; a [ opens a list of characters that a ] closes",
	} {
		if _, _, err := find(filepath.Join(dir, pattern)); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestSetSaysWhatItIs(t *testing.T) {
	dir := folder(t, map[string]string{"b.csv": "second", "a.csv": "first"})
	set, err := OpenSet(t.Context(), filepath.Join(dir, "*.csv"), "")
	if err != nil {
		t.Fatal(err)
	}
	facts, err := set.Fingerprint(t.Context())
	if err != nil || len(facts) != 5 || facts[0] != (source.Fact{Name: "files", Value: "a.csv, b.csv"}) || facts[1].Name != "a.csv size" || facts[4].Name != "b.csv sha256" {
		t.Errorf("%v, %v", facts, err)
	}
	slices := set.Slices()
	if len(slices) != 2 || slices[1] != (source.Slice{Number: 1, Name: "b.csv", Count: -1, Bytes: 6}) {
		t.Errorf("%v", slices)
	}
	if at, err := set.Of(slices[1]); at != 1 || err != nil {
		t.Errorf("%d, %v", at, err)
	}
	for _, gone := range []source.Slice{{Number: 2}, {Number: 0, Name: "b.csv"}} {
		if _, err := set.Of(gone); err == nil {
			t.Errorf("%v is found", gone)
		}
	}
}

// packedAs packs by both ways, under a name that says so and one that does not.
func packedAs(t *testing.T, content string) map[string]string {
	t.Helper()
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write([]byte(content[:len(content)/2]))
	w.Close()
	w = gzip.NewWriter(&gz) // files are also packed in several pieces
	w.Write([]byte(content[len(content)/2:]))
	w.Close()
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	zst := string(packer.EncodeAll([]byte(content), nil))
	return map[string]string{"a.csv.gz": gz.String(), "b.csv": gz.String(), "c.csv.ZST": zst, "d.csv": zst, "e.gz": zst}
}

func TestUnpack(t *testing.T) {
	content := "\xff\xfe" + strings.Repeat("a\x00b\x00\n\x00", 100_000)
	for name, packed := range packedAs(t, content) {
		dir := folder(t, map[string]string{name: packed})
		f, err := Open(t.Context(), filepath.Join(dir, name), "")
		if err != nil {
			t.Fatal(err)
		}
		if f.Encoding != utf16LE || !f.Marked || f.Bytes() != 0 {
			t.Errorf("%s is %v", name, f)
		}
		for _, place := range []int64{0, 2, 8, 599_996, 600_002} {
			text, err := f.Text(t.Context(), place)
			if err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(text)
			if want := (600_002 - max(place, 2)) / 2; err != nil || int64(len(rest)) != want {
				t.Errorf("%s: %d characters from byte %d on, %v", name, len(rest), place, err)
			}
			text.Close()
		}
		if _, err := f.Text(t.Context(), 600_003); err == nil || !strings.HasSuffix(err.Error(), "has 600002 bytes, reading cannot go on at byte 600003") {
			t.Errorf("%s: %v", name, err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.Text(cancelled, 0); err != context.Canceled {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnpackCut tells a file that is cut from one that ends.
func TestUnpackCut(t *testing.T) {
	noise := make([]byte, 400_000)
	state := uint32(1)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	for name, packed := range packedAs(t, string(noise)) {
		dir := folder(t, map[string]string{name: packed[:len(packed)-5]})
		f, err := Open(t.Context(), filepath.Join(dir, name), "latin1")
		if err != nil {
			t.Fatal(err)
		}
		text, err := f.Text(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(text)
		text.Close()
		if err == nil || !strings.Contains(err.Error(), name+" cannot be unpacked: is the file complete?") {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := folder(t, map[string]string{"a.csv.gz": "ID\n"})
	if _, err := Open(t.Context(), filepath.Join(dir, "a.csv.gz"), ""); err == nil || err.Error() != "a.csv.gz is not packed with gzip, as its name says" {
		t.Error(err)
	}
}

func TestMarks(t *testing.T) {
	for _, test := range []struct{ content, declared, want string }{
		{"ID", "", ""},
		{"\xef\xbb\xbfID", "utf-8", ""},
		{"\xff\xfeI\x00", "utf-16", ""},
		{"\xfe\xff\x00I", "", ""},
		{"I\x00", "utf-16le", ""},
		{"\xff\xfeI\x00", "utf-16be", "a.csv starts with the byte order mark of utf-16le, and the mapping says `encoding: utf-16be`"},
		{"\xff\xfeI\x00", "utf-8", "a.csv starts with the byte order mark of utf-16le, and the mapping says `encoding: utf-8`"},
		{"\xef\xbb\xbfID", "windows-1252", "a.csv starts with the byte order mark of utf-8, and the mapping says `encoding: windows-1252`"},
		{"\xef\xbb\xbfID", "utf-16", "a.csv starts with the byte order mark of utf-8, and the mapping says `encoding: utf-16`"},
		{"I\x00D\x00", "utf-16", "a.csv has no byte order mark: say `encoding: utf-16le` or `encoding: utf-16be`"},
		{"I\x00D\x00,\x00", "", "a.csv looks like UTF-16 text without a byte order mark: say `encoding: utf-16le`"},
		{"\x00I\x00D\x00,", "", "a.csv looks like UTF-16 text without a byte order mark: say `encoding: utf-16be`"},
		{"\xff\xfe\x00\x00I\x00\x00\x00", "", "a.csv is UTF-32 text; convert it to UTF-8"},
	} {
		dir := folder(t, map[string]string{"a.csv": test.content})
		_, err := Open(t.Context(), filepath.Join(dir, "a.csv"), test.declared)
		if err == nil && test.want != "" || err != nil && err.Error() != test.want {
			t.Errorf("%q as %q:\ngot  %v\nwant %s", test.content, test.declared, err, test.want)
		}
	}
}
