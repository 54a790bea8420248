package textfile

import (
	"bytes"
	"io"
	"math"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// TestEncodings takes every byte and every pair of bytes through every
// encoding: what is read, sound or not, is written so that it reads the same.
func TestEncodings(t *testing.T) {
	for _, name := range usual[2:] {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := named(name)
			if err != nil {
				t.Fatal(err)
			}
			for first := range 256 {
				for second := -1; second < 256; second++ {
					src := []byte{byte(first), byte(second)}
					if second < 0 {
						src = src[:1]
					}
					text, n := e.form.decode(nil, src, true, math.MaxInt)
					if n != len(src) {
						t.Fatalf("%x: %d bytes are decoded", src, n)
					}
					back, err := e.Encode(nil, string(text))
					if err != nil {
						t.Fatalf("%x is read as %q and cannot be written: %v", src, text, err)
					}
					again, _ := e.form.decode(nil, back, true, math.MaxInt)
					if !bytes.Equal(again, text) {
						t.Fatalf("%x is read as %q, written as %x and read as %q", src, text, back, again)
					}
				}
			}
		})
	}
}

func TestUndefinedBytes(t *testing.T) {
	for _, test := range []struct {
		encoding string
		bytes    string
		bad      int // the first bad byte
	}{
		{"windows-1252", "a\x80\x81", 2},
		{"windows-1252", "\x9d", 0},
		{"windows-1257", "a\xa1", 1},
		{"cp1252", "a\x8f", 1},
		{"latin1", "\x80\x9f\xff", -1},
		{"iso-8859-15", "\xa4", -1},
		{"iso-8859-7", "\xae", 0},
		{"us-ascii", "ab\xe4", 2},
		{"ASCII", "ab\xe4", 2},
		{"utf-16le", "a\x00\x00\xd8b\x00", 2},
		{"utf-16le", "a\x00\x00\xdcb\x00", 2},
		{"utf-16be", "\x00a\xd8\x3d\xde\x42", -1},
		{"utf-16be", "\x00a\x00", 2},
		{"shift_jis", "a\x82\xa0\xff", 3},
		{"shift_jis", "a\x80", 1},
		{"gbk", "\xd6\xd0\xff", 2},
		{"gb18030", "\x84\x31\xa4\x37", -1}, // U+FFFD as a character
		{"big5", "\xa4\xa4\x88\x62", 2},
		{"euc-kr", "\xb0\xa1\xb0", 2},
	} {
		e, err := named(test.encoding)
		if err != nil {
			t.Fatal(err)
		}
		text := newText(io.NopCloser(bytes.NewReader([]byte(test.bytes))), e.form, 0)
		w := NewWindow(text, '\n', 0)
		end, err := w.LineEnd(0)
		if err != nil {
			t.Fatal(err)
		}
		bad := w.CheckText(end)
		switch {
		case bad == nil && test.bad >= 0:
			t.Errorf("%s: %x is taken for %q", test.encoding, test.bytes, w.Buf[w.Pos:w.End])
		case bad != nil && bad.Byte != int64(test.bad):
			t.Errorf("%s: %x has byte %d wrong instead of %d", test.encoding, test.bytes, bad.Byte, test.bad)
		}
	}
}

func TestUnknownEncodings(t *testing.T) {
	for name, want := range map[string]string{
		"windows-1242": `no encoding is called "windows-1242" (did you mean "windows-1252"?)`,
		"iso-8859-12":  `no encoding is called "iso-8859-12" (did you mean "iso-8859-1"?)`,
		"ansi":         `no encoding is called "ansi": the usual ones are utf-8, utf-16, windows-1252 and iso-8859-1 to -16`,
		"utf-32":       `no encoding is called "utf-32" (did you mean "utf-8"?)`,
		"replacement":  `no encoding is called "replacement": the usual ones are utf-8, utf-16, windows-1252 and iso-8859-1 to -16`,
		"iso-2022-jp":  "encoding iso-2022-jp changes the meaning of bytes on the way, and such files are not read: convert the file to UTF-8",
	} {
		if err := CheckEncoding(name); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// FuzzPlaces holds texts to telling the place of every character in the file,
// however the bytes come in, and to reading the same text from there on.
func FuzzPlaces(f *testing.F) {
	for _, name := range usual {
		f.Add([]byte("a\x00\xd8\x00\x82\xa0\x88\x62\r\n\xff"), name)
	}
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		e, err := named(name)
		if err != nil || e.form == nil {
			return
		}
		whole := newText(io.NopCloser(iotest.HalfReader(bytes.NewReader(content))), e.form, 7)
		text, err := io.ReadAll(whole)
		if err != nil {
			t.Fatal(err)
		}
		if end := whole.Place(int64(len(text))); end != int64(7+len(content)) {
			t.Fatalf("the end is at %d of %d bytes", end, 7+len(content))
		}
		for at := 0; at < len(text); {
			_, size := utf8.DecodeRune(text[at:])
			if _, bad := lone(string(text[at:])); bad {
				size = 3
			}
			at += size
			if text[at-1] != '\n' {
				continue
			}
			place := whole.Place(int64(at)) - 7
			rest, err := io.ReadAll(newText(io.NopCloser(bytes.NewReader(content[place:])), e.form, place))
			if err != nil || !bytes.Equal(rest, text[at:]) {
				t.Fatalf("from %d on %q instead of %q (%v)", place, rest, text[at:], err)
			}
		}
	})
}
