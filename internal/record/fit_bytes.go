package record

import (
	"encoding/hex"
	"strings"
)

// fitBytes takes bytes, and text only in the form in which Value.String prints
// them: other text would have to be guessed an encoding.
func (t Type) fitBytes(v Value) (Value, *Misfit) {
	if v.kind == KindText {
		digits, found := strings.CutPrefix(v.str, `\x`)
		if !found {
			return misfit(CodeWrongType, `bytes, or text of the form \x and hexadecimal digits`)
		}
		b, err := hex.DecodeString(digits)
		if err != nil {
			return misfit(CodeWrongType, `pairs of hexadecimal digits after \x`)
		}
		v = Bytes(b)
	}
	if v.kind != KindBytes {
		return misfit(CodeWrongType, "bytes")
	}
	if t.Length > 0 && len(v.str) > t.Length {
		return misfit(CodeTooLong, "at most %d bytes, this has %d", t.Length, len(v.str))
	}
	return v, nil
}
