package postgres

import (
	"encoding/binary"
	"strings"

	"landfall/internal/record"
)

// What every server takes in binary; numbers beyond are left to text.
const (
	mostWhole  = 131072 // digits before the point
	mostScale  = 16383  // digits after it
	mostGroups = 3000   // groups of four digits
	negative   = 0x4000
)

// binaryNumeric writes digits to base 10,000: how many there are, the power of
// the first, the sign, how many decimal digits stand after the point, and the
// digits, without zeros before and behind.
func binaryNumeric(dst []byte, v record.Value) ([]byte, bool) {
	if v.Kind() != record.KindDecimal || len(v.Raw()) > mostWhole+mostScale+2 {
		return dst, false
	}
	whole, minus := strings.CutPrefix(v.Raw(), "-")
	whole, frac, point := strings.Cut(whole, ".")
	if whole == "" || point && frac == "" || len(frac) > mostScale {
		return dst, false
	}
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	if len(whole) > mostWhole {
		return dst, false
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	digits := len(dst)
	weight := (len(whole)+3)/4 - 1
	for len(whole) > 0 {
		size := (len(whole)-1)%4 + 1
		group, ok := groupOf(whole[:size])
		if !ok {
			return dst, false
		}
		dst = append(dst, byte(group>>8), byte(group))
		whole = whole[size:]
	}
	for scale := frac; len(scale) > 0; {
		size := min(4, len(scale))
		group, ok := groupOf(scale[:size])
		if !ok {
			return dst, false
		}
		for pad := size; pad < 4; pad++ {
			group *= 10
		}
		scale = scale[size:]
		if group == 0 && len(dst) == digits {
			weight--
			continue
		}
		dst = append(dst, byte(group>>8), byte(group))
	}
	for len(dst) > digits && dst[len(dst)-1] == 0 && dst[len(dst)-2] == 0 {
		dst = dst[:len(dst)-2]
	}
	groups := (len(dst) - digits) / 2
	if groups > mostGroups {
		return dst, false
	}
	sign := 0
	switch {
	case groups == 0:
		weight = 0
	case minus:
		sign = negative
	}
	header := dst[start:digits]
	binary.BigEndian.PutUint32(header, uint32(len(dst)-start-4))
	binary.BigEndian.PutUint16(header[4:], uint16(groups))
	binary.BigEndian.PutUint16(header[6:], uint16(int16(weight)))
	binary.BigEndian.PutUint16(header[8:], uint16(sign))
	binary.BigEndian.PutUint16(header[10:], uint16(len(frac)))
	return dst, true
}

// groupOf reads up to four digits.
func groupOf(text string) (int, bool) {
	group := 0
	for i := 0; i < len(text); i++ {
		digit := text[i] - '0'
		if digit > 9 {
			return 0, false
		}
		group = group*10 + int(digit)
	}
	return group, true
}
