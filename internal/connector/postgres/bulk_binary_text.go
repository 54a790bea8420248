package postgres

import (
	"encoding/binary"

	"landfall/internal/record"
)

// binaryText serves text, varchar and char: the server checks encoding and
// length as it does for text. Too large values have no form, which leaves it to
// the text way to say so.
func binaryText(dst []byte, v record.Value) ([]byte, bool) {
	return appendCounted(dst, v.Raw(), v.Kind() == record.KindText)
}

// binaryName leaves longer names to text, which the server cuts where it would
// refuse bytes.
func binaryName(dst []byte, v record.Value) ([]byte, bool) {
	return appendCounted(dst, v.Raw(), v.Kind() == record.KindText && len(v.Raw()) < 64)
}

func binaryBytea(dst []byte, v record.Value) ([]byte, bool) {
	return appendCounted(dst, v.Raw(), v.Kind() == record.KindBytes)
}

func binaryJSON(dst []byte, v record.Value) ([]byte, bool) {
	return appendCounted(dst, v.Raw(), v.Kind() == record.KindJSON)
}

// binaryJSONB is the version of the form, 1, and the document's text.
func binaryJSONB(dst []byte, v record.Value) ([]byte, bool) {
	raw := v.Raw()
	if v.Kind() != record.KindJSON || len(raw) >= largest {
		return dst, false
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(raw)+1))
	return append(append(dst, 1), raw...), true
}

func appendCounted(dst []byte, raw string, ok bool) ([]byte, bool) {
	if !ok || len(raw) >= largest {
		return dst, false
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(raw)))
	return append(dst, raw...), true
}

// binaryUUID reads the one spelling with hyphens at their places; all others
// are left to the server.
func binaryUUID(dst []byte, v record.Value) ([]byte, bool) {
	text := v.Raw()
	if v.Kind() != record.KindText || len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return dst, false
	}
	dst = append(dst, 0, 0, 0, 16)
	for _, at := range [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := nibbles[text[at]], nibbles[text[at+1]]
		if high|low > 0xf {
			return dst, false
		}
		dst = append(dst, high<<4|low)
	}
	return dst, true
}

// nibbles is the worth of hexadecimal digits, and 0xff for all else.
var nibbles = func() (worth [256]byte) {
	for i := range worth {
		worth[i] = 0xff
	}
	for i, digit := range "0123456789abcdef" {
		worth[digit] = byte(i)
	}
	for i, digit := range "ABCDEF" {
		worth[digit] = byte(10 + i)
	}
	return worth
}()
