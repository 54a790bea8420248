package record

import (
	"math"
	"strconv"
)

// fitFloat rounds to the nearest number that the type holds, as the target
// itself would. Minus zero becomes zero: some databases do not keep the sign.
func (t Type) fitFloat(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindFloat:
		return t.roundFloat(v.Float())
	case KindInt:
		return t.roundFloat(float64(v.num))
	case KindText, KindDecimal:
		return t.parseFloat(v.str)
	default:
		return misfit(CodeWrongType, "a number")
	}
}

// parseFloat checks the numeral first, because strconv also reads hexadecimal
// numbers and underscores.
func (t Type) parseFloat(text string) (Value, *Misfit) {
	n, ok := scanNumber(text)
	if !ok {
		switch text {
		case "NaN":
			return Float(math.NaN()), nil
		case "Infinity", "+Infinity", "+Inf":
			return Float(math.Inf(1)), nil
		case "-Infinity", "-Inf":
			return Float(math.Inf(-1)), nil
		}
		return misfit(CodeWrongType, "a number")
	}
	// Parsing at the type's own size rounds once; twice may end one step off.
	f, err := strconv.ParseFloat(text, t.bitsOfFloat())
	if err != nil || f == 0 && !n.isZero() {
		return t.misfitFloat()
	}
	return Float(f + 0), nil
}

func (t Type) roundFloat(f float64) (Value, *Misfit) {
	switch {
	case math.IsNaN(f):
		return Float(math.NaN()), nil
	case t.bitsOfFloat() == 64 || math.IsInf(f, 0):
		return Float(f + 0), nil
	}
	rounded := float64(float32(f))
	if math.IsInf(rounded, 0) || rounded == 0 && f != 0 {
		return t.misfitFloat()
	}
	return Float(rounded + 0), nil
}

func (t Type) misfitFloat() (Value, *Misfit) {
	return misfit(CodeOutOfRange, "a number in the range of a %d-bit floating point number", t.bitsOfFloat())
}

func (t Type) bitsOfFloat() int {
	if t.Bits == 32 {
		return 32
	}
	return 64
}
