package textfile

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Form is UTF-16 in one of its byte orders. Half a surrogate pair stands
// for itself in what is decoded; half a unit at the end of a file for a first
// half, which nothing that follows can complete.
type utf16Form struct{ bigEndian bool }

func (f utf16Form) unit(b []byte) rune {
	if f.bigEndian {
		return rune(binary.BigEndian.Uint16(b))
	}
	return rune(binary.LittleEndian.Uint16(b))
}

func (f utf16Form) decode(dst, src []byte, atEnd bool, until int) ([]byte, int) {
	n := 0
	for len(dst) < until {
		left := len(src) - n
		if left < 2 {
			if left == 1 && atEnd {
				return appendLone(dst, 0xD800+rune(src[n])), n + 1
			}
			break
		}
		r := f.unit(src[n:])
		switch {
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
		case !utf16.IsSurrogate(r):
			dst = utf8.AppendRune(dst, r)
		default:
			if r < 0xDC00 && left < 4 && !atEnd {
				return dst, n
			}
			pair := rune(utf8.RuneError)
			if left >= 4 {
				pair = utf16.DecodeRune(r, f.unit(src[n+2:]))
			}
			if pair == utf8.RuneError {
				dst = appendLone(dst, r)
				break
			}
			dst = utf8.AppendRune(dst, pair)
			n += 2
		}
		n += 2
	}
	return dst, n
}

func (f utf16Form) encode(dst []byte, text string) ([]byte, error) {
	appendUnit := binary.LittleEndian.AppendUint16
	if f.bigEndian {
		appendUnit = binary.BigEndian.AppendUint16
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			if half, ok := lone(text); ok {
				r, size = half, 3
			} else { // a bad byte of a neighbouring file in UTF-8 stays bad
				r = 0xD800 + rune(text[0])
			}
		}
		text = text[size:]
		if r > 0xFFFF {
			first, second := utf16.EncodeRune(r)
			dst = appendUnit(dst, uint16(first))
			r = second
		}
		dst = appendUnit(dst, uint16(r))
	}
	return dst, nil
}
