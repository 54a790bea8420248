package textfile

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// multibyte is an encoding with characters of different lengths, such as
// Shift JIS.
type multibyte struct{ of encoding.Encoding }

// suspects are what decoders give for bytes that are no character, and for the
// few that encoders write otherwise or not at all; each is looked at on its own.
var suspects = [][]byte{[]byte("\uFFFD"), []byte("\u0080"), []byte("\u0304"), []byte("\u030C"), []byte("€")}

func suspect(text []byte) bool {
	for _, s := range suspects {
		if bytes.Contains(text, s) {
			return true
		}
	}
	return false
}

// decodeAtOnce is how many bytes are decoded before they are looked at.
const decodeAtOnce = 1 << 10

func (m multibyte) decode(dst, src []byte, atEnd bool, until int) ([]byte, int) {
	decoder := m.of.NewDecoder()
	var out [3 * decodeAtOnce]byte // three bytes are the most that one becomes
	n := 0
	for n < len(src) && len(dst) < until {
		piece := src[n:min(len(src), n+decodeAtOnce)]
		decoder.Reset()
		made, used, _ := decoder.Transform(out[:], piece, atEnd && n+len(piece) == len(src))
		if used > 0 && len(dst)+made <= until && !suspect(out[:made]) {
			dst, n = append(dst, out[:made]...), n+used
			continue
		}
		start := n
		for stop := n + max(used, 1); n < stop && len(dst) < until; {
			var size int
			if dst, size = m.character(dst, src[n:], atEnd); size == 0 {
				return dst, n
			}
			n += size
		}
		if n == start {
			break
		}
	}
	return dst, n
}

// character decodes one character, or one byte that starts none. It answers 0
// where it cannot tell without reading on.
func (m multibyte) character(dst, src []byte, atEnd bool) ([]byte, int) {
	decoder := m.of.NewDecoder()
	var out [16]byte
	for length := 1; length <= min(4, len(src)); length++ {
		decoder.Reset()
		made, used, err := decoder.Transform(out[:], src[:length], atEnd && length == len(src))
		if err != nil || used == 0 {
			continue // ErrShortSrc: the character goes on
		}
		if !suspect(out[:made]) {
			return append(dst, out[:made]...), used
		}
		back, err := m.of.NewEncoder().Bytes(out[:made])
		if err == nil && bytes.Equal(back, src[:used]) {
			return append(dst, out[:made]...), used
		}
		return appendLone(dst, badByte+rune(src[0])), 1
	}
	if len(src) < 4 && !atEnd {
		return dst, 0
	}
	return appendLone(dst, badByte+rune(src[0])), 1
}

func (m multibyte) encode(dst []byte, text string) ([]byte, error) {
	encoder := m.of.NewEncoder()
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			if bad, ok := lone(text); ok && bad >= badByte && bad <= badByte+0xFF {
				dst, text = append(dst, byte(bad)), text[3:]
				continue
			}
		}
		b, err := encoder.Bytes([]byte(text[:size]))
		if err != nil {
			return dst, noCharacter(r)
		}
		dst, text = append(dst, b...), text[size:]
	}
	return dst, nil
}
