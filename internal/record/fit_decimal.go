package record

import (
	"math"
	"strconv"
	"strings"
)

// fitDecimal gives the one text of a number: no plus, no leading zeros, no
// zeros at the end of the fraction, no minus zero.
func (t Type) fitDecimal(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindText, KindDecimal:
		return t.parseDecimal(v.str)
	case KindInt:
		return t.parseDecimal(strconv.FormatInt(v.num, 10))
	case KindFloat:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return misfit(CodeWrongType, "a decimal number")
		}
		return t.parseDecimal(strconv.FormatFloat(f, 'f', -1, 64))
	default:
		return misfit(CodeWrongType, "a decimal number")
	}
}

func (t Type) parseDecimal(text string) (Value, *Misfit) {
	n, ok := scanNumber(text)
	if !ok {
		return misfit(CodeWrongType, "a decimal number")
	}
	written := n
	if n, ok = n.expand(); !ok {
		if written.isZero() {
			return Decimal("0"), nil
		}
		return misfit(CodeOutOfRange, "a decimal number with an exponent from -%d to %d", maxExponent, maxExponent)
	}
	n.whole = strings.TrimLeft(n.whole, "0")
	n.frac = strings.TrimRight(n.frac, "0")
	if t.Precision > 0 {
		if m := t.checkDigits(n); m != nil {
			return Value{}, m
		}
	}
	var buf [64]byte // room for all but the longest, off the heap
	canonical := n.appendTo(buf[:0])
	if string(canonical) == text {
		return Decimal(text), nil
	}
	return Decimal(string(canonical)), nil
}

// checkDigits also serves the declarations whose scale is negative or larger
// than the precision: numeric(3,-2) and numeric(3,5) are legal in PostgreSQL.
func (t Type) checkDigits(n number) *Misfit {
	switch before := t.Precision - t.Scale; {
	case len(n.frac) > max(t.Scale, 0):
		return t.misfitDigits(max(t.Scale, 0), "after")
	case len(n.whole) > max(before, 0):
		return t.misfitDigits(max(before, 0), "before")
	case before < 0 && !allZeros(n.frac[:min(-before, len(n.frac))]):
		_, m := misfit(CodeOutOfRange, "%d zeros straight after the point", -before)
		return m
	case t.Scale < 0 && !allZeros(n.whole[max(len(n.whole)+t.Scale, 0):]):
		_, m := misfit(CodeOutOfRange, "%d zeros at the end", -t.Scale)
		return m
	}
	return nil
}

func (t Type) misfitDigits(limit int, side string) *Misfit {
	var m *Misfit
	switch limit {
	case 0:
		_, m = misfit(CodeOutOfRange, "no digits %s the point", side)
	case 1:
		_, m = misfit(CodeOutOfRange, "at most 1 digit %s the point", side)
	default:
		_, m = misfit(CodeOutOfRange, "at most %d digits %s the point", limit, side)
	}
	return m
}
