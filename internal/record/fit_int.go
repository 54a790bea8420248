package record

import (
	"math"
	"strconv"
	"strings"
)

// fitInt gives an Int, except for unsigned 64-bit numbers past the largest
// Int, which stay decimal digits.
func (t Type) fitInt(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindInt:
		return t.checkInt(v.num)
	case KindText, KindDecimal:
		return t.parseInt(v.str)
	case KindFloat:
		f := v.Float()
		if f != math.Trunc(f) || math.IsInf(f, 0) { // NaN is unequal to itself
			return t.misfitInt(CodeWrongType)
		}
		if f >= -1<<63 && f < 1<<63 {
			return t.checkInt(int64(f))
		}
		return t.parseInt(strconv.FormatFloat(f, 'f', 0, 64)) // all digits, not the shortest
	default:
		return t.misfitInt(CodeWrongType)
	}
}

// parseInt takes digits with a sign; zeros after a point change nothing, an
// exponent is how spreadsheets spell numbers that they have already rounded.
func (t Type) parseInt(text string) (Value, *Misfit) {
	n, ok := scanNumber(text)
	if !ok || n.scaled || n.whole == "" || !allZeros(n.frac) || strings.HasSuffix(text, ".") {
		return t.misfitInt(CodeWrongType)
	}
	digits := strings.TrimLeft(n.whole, "0")
	if digits == "" {
		return Int(0), nil
	}
	u, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case err != nil:
		return t.misfitInt(CodeOutOfRange)
	case n.negative && u <= 1<<63:
		return t.checkInt(-int64(u)) // -2^63 is its own negative
	case n.negative:
		return t.misfitInt(CodeOutOfRange)
	case u <= math.MaxInt64:
		return t.checkInt(int64(u))
	case t.Unsigned && t.bits() == 64:
		return Decimal(digits), nil
	default:
		return t.misfitInt(CodeOutOfRange)
	}
}

func (t Type) checkInt(i int64) (Value, *Misfit) {
	lowest, highest := t.intRange()
	if i < lowest || i > 0 && uint64(i) > highest {
		return t.misfitInt(CodeOutOfRange)
	}
	return Int(i), nil
}

func (t Type) intRange() (lowest int64, highest uint64) {
	bits := t.bits()
	if t.Unsigned {
		return 0, math.MaxUint64 >> (64 - bits)
	}
	return -1 << (bits - 1), 1<<(bits-1) - 1
}

func (t Type) misfitInt(code Code) (Value, *Misfit) {
	lowest, highest := t.intRange()
	return misfit(code, "a whole number from %d to %d", lowest, highest)
}

// bits is 64 where the declaration does not say.
func (t Type) bits() int {
	if t.Bits <= 0 || t.Bits > 64 {
		return 64
	}
	return t.Bits
}
