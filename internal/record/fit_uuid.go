package record

import "strings"

// fitUUID takes 32 hexadecimal digits in any case, with all hyphens or none,
// in braces or not.
func fitUUID(v Value) (Value, *Misfit) {
	digits := v.str
	if strings.HasPrefix(digits, "{") && strings.HasSuffix(digits, "}") {
		digits = digits[1 : len(digits)-1]
	}
	hyphens := len(digits) == 36
	if !hyphens && len(digits) != 32 {
		return misfit(CodeWrongType, "a UUID")
	}
	var canonical [36]byte
	at := 0
	for i := range canonical {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			canonical[i] = '-'
			if hyphens {
				if digits[at] != '-' {
					return misfit(CodeWrongType, "a UUID")
				}
				at++
			}
			continue
		}
		c := digits[at]
		at++
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return misfit(CodeWrongType, "a UUID")
		}
		canonical[i] = c
	}
	if v.str == string(canonical[:]) {
		return v, nil
	}
	return Text(string(canonical[:])), nil
}
