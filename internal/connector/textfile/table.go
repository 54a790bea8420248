package textfile

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// table is an encoding of one byte a character.
type table struct {
	characters [256][]byte // in UTF-8
	bytes      map[rune]byte
	ascii      bool // the lower half is ASCII
}

// A byte that is no character is shown as a lone half of a surrogate pair,
// which is nowhere valid in UTF-8: U+DC00 and the byte.
const badByte = 0xDC00

// appendLone appends a surrogate's three bytes, which utf8.AppendRune refuses.
func appendLone(dst []byte, r rune) []byte {
	return append(dst, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
}

// lone reads what appendLone wrote.
func lone(text string) (rune, bool) {
	if len(text) < 3 || text[0] != 0xED || text[1] < 0xA0 || text[1] > 0xBF || text[2]&0xC0 != 0x80 {
		return 0, false
	}
	return 0xD000 | rune(text[1]&0x3F)<<6 | rune(text[2]&0x3F), true
}

// newTable takes the upper control characters of the Windows pages for what
// they are: bytes without a meaning, which tables made for browsers fill up.
func newTable(of *charmap.Charmap, windows bool) *table {
	t := &table{bytes: map[rune]byte{}, ascii: true}
	for i := range 256 {
		b := byte(i)
		r := of.DecodeByte(b)
		if r == utf8.RuneError || windows && r >= 0x80 && r < 0xA0 {
			t.characters[i] = appendLone(nil, badByte+rune(b))
			continue
		}
		t.characters[i] = utf8.AppendRune(nil, r)
		t.bytes[r] = b
		t.ascii = t.ascii && (b >= utf8.RuneSelf || r == rune(b))
	}
	return t
}

func (t *table) decode(dst, src []byte, _ bool, until int) ([]byte, int) {
	n := 0
	for n < len(src) && len(dst) < until {
		run := n
		if t.ascii {
			for most := n + min(len(src)-n, until-len(dst)); run < most && src[run] < utf8.RuneSelf; {
				run++
			}
		}
		if run > n {
			dst = append(dst, src[n:run]...)
			n = run
			continue
		}
		dst = append(dst, t.characters[src[n]]...)
		n++
	}
	return dst, n
}

func (t *table) encode(dst []byte, text string) ([]byte, error) {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			if bad, ok := lone(text); ok && bad >= badByte && bad <= badByte+0xFF {
				dst, text = append(dst, byte(bad)), text[3:]
				continue
			}
		}
		b, known := t.bytes[r]
		if !known {
			return dst, noCharacter(r)
		}
		dst, text = append(dst, b), text[size:]
	}
	return dst, nil
}
