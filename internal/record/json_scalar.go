package record

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// number writes the exponent out and drops the sign of zero, as jsonb does; it
// keeps the zeros of a fraction, which jsonb keeps too.
func (c *canonicalizer) number() *Misfit {
	start := c.at
	for c.at < len(c.in) {
		switch b := c.in[c.at]; {
		case b >= '0' && b <= '9', b == '-', b == '+', b == '.', b == 'e', b == 'E':
			c.at++
			continue
		}
		break
	}
	text := c.in[start:c.at]
	n, ok := scanNumber(text)
	pointed := n.frac == "" && strings.Contains(text, ".")
	if !ok || n.plus || n.whole == "" || pointed || len(n.whole) > 1 && n.whole[0] == '0' {
		c.at = start
		return c.broken()
	}
	if n, ok = n.expand(); !ok {
		_, m := misfit(CodeOutOfRange, "JSON numbers with exponents from -%d to %d", maxExponent, maxExponent)
		return m
	}
	c.out = n.appendTo(c.out)
	return nil
}

// text writes a string with the fewest escapes.
func (c *canonicalizer) text() *Misfit {
	c.at++ // the opening quote
	c.out = append(c.out, '"')
	for c.at < len(c.in) {
		b := c.in[c.at]
		switch {
		case b == '"':
			c.at++
			c.out = append(c.out, '"')
			return nil
		case b < ' ':
			return c.broken()
		case b == '\\':
			if m := c.escape(); m != nil {
				return m
			}
		default:
			c.out = append(c.out, b)
			c.at++
		}
	}
	return c.broken()
}

func (c *canonicalizer) escape() *Misfit {
	if c.at+1 >= len(c.in) {
		return c.broken()
	}
	switch b := c.in[c.at+1]; b {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		c.out = append(c.out, '\\', b)
	case '/':
		c.out = append(c.out, b)
	case 'u':
		return c.unicode()
	default:
		return c.broken()
	}
	c.at += 2
	return nil
}

// unicode reads \uXXXX, or two of them where the first is half a character.
func (c *canonicalizer) unicode() *Misfit {
	r, ok := c.hex4()
	if ok && utf16.IsSurrogate(r) {
		var low rune
		low, ok = c.hex4()
		r = utf16.DecodeRune(r, low)
		ok = ok && r != utf8.RuneError
	}
	switch {
	case !ok:
		return c.broken()
	case r == 0:
		_, m := misfit(CodeWrongType, "JSON text without \\u0000")
		return m
	}
	c.out = appendCharacter(c.out, r)
	return nil
}

func (c *canonicalizer) hex4() (rune, bool) {
	if c.at+6 > len(c.in) || c.in[c.at] != '\\' || c.in[c.at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(c.in[c.at+2:c.at+6], 16, 16)
	if err != nil {
		return 0, false
	}
	c.at += 6
	return rune(n), true
}

func appendCharacter(dst []byte, r rune) []byte {
	const short = "\b\f\n\r\t\"\\"
	const letters = "bfnrt\"\\"
	for i := range len(short) {
		if r == rune(short[i]) {
			return append(dst, '\\', letters[i])
		}
	}
	if r < ' ' {
		const digits = "0123456789abcdef"
		return append(dst, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
	}
	return utf8.AppendRune(dst, r)
}
