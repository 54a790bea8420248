package record

import "strings"

// maxExponent bounds how far a written exponent moves the point, because the
// digits are written out: without it, nine bytes of input make a gigabyte. It
// spans every number a 64-bit float can print.
const maxExponent = 400

// number is a decimal numeral taken apart; the parts share the text's memory.
type number struct {
	negative bool
	plus     bool
	whole    string // digits before the point
	frac     string // digits after the point
	exponent int
	scaled   bool // an exponent was written
}

// scanNumber reads [+-] digits [. digits] [e [+-] digits], where the digits on
// one side of the point may be missing. Nothing may stand around it.
func scanNumber(s string) (n number, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		n.negative, n.plus = s[0] == '-', s[0] == '+'
		s = s[1:]
	}
	end := countDigits(s)
	n.whole, s = s[:end], s[end:]
	if s != "" && s[0] == '.' {
		end = countDigits(s[1:])
		n.frac, s = s[1:1+end], s[1+end:]
	}
	if n.whole == "" && n.frac == "" {
		return n, false
	}
	if s == "" {
		return n, true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return n, false
	}
	n.scaled = true
	n.exponent, ok = scanExponent(s[1:])
	return n, ok
}

// scanExponent reads the digits behind the e; far beyond maxExponent it stops
// counting, for nobody asks how far.
func scanExponent(s string) (int, bool) {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if s == "" || countDigits(s) != len(s) {
		return 0, false
	}
	exponent := 0
	for i := 0; i < len(s) && exponent <= maxExponent; i++ {
		exponent = exponent*10 + int(s[i]-'0')
	}
	if negative {
		exponent = -exponent
	}
	return exponent, true
}

// expand moves the point so that no exponent is left; it keeps the zeros that
// say how exact the number was meant. It answers false beyond maxExponent.
func (n number) expand() (number, bool) {
	if !n.scaled {
		return n, true
	}
	if n.exponent > maxExponent || n.exponent < -maxExponent {
		return n, false
	}
	digits, point := n.whole+n.frac, len(n.whole)+n.exponent
	switch {
	case point <= 0:
		n.whole, n.frac = "", strings.Repeat("0", -point)+digits
	case point >= len(digits):
		n.whole, n.frac = digits+strings.Repeat("0", point-len(digits)), ""
	default:
		n.whole, n.frac = digits[:point], digits[point:]
	}
	n.exponent, n.scaled = 0, false
	return n, true
}

func (n number) isZero() bool {
	return allZeros(n.whole) && allZeros(n.frac)
}

// appendTo writes the number without plus, leading zeros or minus zero.
func (n number) appendTo(dst []byte) []byte {
	whole := strings.TrimLeft(n.whole, "0")
	if n.negative && !n.isZero() {
		dst = append(dst, '-')
	}
	if whole == "" {
		whole = "0"
	}
	dst = append(dst, whole...)
	if n.frac != "" {
		dst = append(dst, '.')
		dst = append(dst, n.frac...)
	}
	return dst
}

func countDigits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}

func allZeros(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '0' {
			return false
		}
	}
	return true
}
