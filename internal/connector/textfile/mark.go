package textfile

import (
	"bytes"
	"fmt"
	"strings"
)

// Mark is the byte order mark as a character.
const Mark = "\uFEFF"

// marks are how the byte order mark is written in each encoding that has one.
var marks = []struct {
	bytes    []byte
	encoding *Encoding
}{
	{[]byte("\xef\xbb\xbf"), UTF8},
	{[]byte("\xff\xfe"), utf16LE},
	{[]byte("\xfe\xff"), utf16BE},
}

// findEncoding weighs what the mapping declares against how the file begins.
func (f *File) findEncoding(head []byte, declared string) error {
	if declared != "" {
		var err error
		if f.Encoding, err = named(declared); err != nil {
			return fmt.Errorf("%s: %w", f.Base, err)
		}
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")) {
		return fmt.Errorf("%s is UTF-32 text; convert it to UTF-8", f.Base)
	}
	for _, mark := range marks {
		if !bytes.HasPrefix(head, mark.bytes) {
			continue
		}
		if f.Encoding != nil && f.Encoding != mark.encoding && (f.Encoding != utf16Marked || mark.encoding == UTF8) {
			return fmt.Errorf("%s starts with the byte order mark of %s, and the mapping says `encoding: %s`", f.Base, mark.encoding.spelling(), declared)
		}
		f.Encoding, f.Marked, f.start = mark.encoding, true, int64(len(mark.bytes))
		return nil
	}
	switch {
	case f.Encoding == nil:
		f.Encoding = UTF8
		return f.suspectUTF16(head)
	case f.Encoding == utf16Marked:
		return fmt.Errorf("%s has no byte order mark: say `encoding: utf-16le` or `encoding: utf-16be`", f.Base)
	}
	return nil
}

// suspectUTF16 looks for the zeros of UTF-16 in the first characters, which are
// mostly Latin ones in a header.
func (f *File) suspectUTF16(head []byte) error {
	head = head[:min(len(head), 64)/2*2]
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	for i, name := range []string{"utf-16be", "utf-16le"} {
		if zeros[i]*4 >= len(head) && zeros[i] > 1 && zeros[1-i] == 0 {
			return fmt.Errorf("%s looks like UTF-16 text without a byte order mark: say `encoding: %s`", f.Base, name)
		}
	}
	return nil
}

// spelling is the name by which a mapping declares the encoding.
func (e *Encoding) spelling() string {
	switch e {
	case utf16LE:
		return "utf-16le"
	case utf16BE:
		return "utf-16be"
	}
	return strings.ToLower(e.Name)
}
