package record

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Sum adds numbers up exactly, whatever their order. The zero Sum is 0.
type Sum struct {
	coefficient big.Int
	scale       int // digits of the coefficient behind the point
	addend      big.Int
	notANumber  bool
}

// NotANumber is what a sum is when one of the values was no number.
const NotANumber = "NaN"

// Add adds a value. Floating-point numbers count as what they are written as,
// the shortest text that reads back the same; NULL counts nothing.
func (s *Sum) Add(v Value) {
	switch v.kind {
	case KindNull:
	case KindInt:
		s.addend.SetInt64(v.num)
		s.addScaled(0)
	case KindFloat:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			s.notANumber = true
		} else {
			s.addText(strconv.FormatFloat(f, 'f', -1, 64))
		}
	case KindDecimal, KindText:
		s.addText(v.str)
	default:
		s.notANumber = true
	}
}

func (s *Sum) addText(text string) {
	n, ok := scanNumber(text)
	if ok {
		n, ok = n.expand()
	}
	if !ok {
		s.notANumber = true
		return
	}
	s.addend.SetString(n.whole+n.frac, 10) // digits alone: it cannot fail
	if n.negative {
		s.addend.Neg(&s.addend)
	}
	s.addScaled(len(n.frac))
}

// addScaled adds the addend, which has so many digits behind the point.
func (s *Sum) addScaled(scale int) {
	switch {
	case scale > s.scale:
		s.coefficient.Mul(&s.coefficient, powerOfTen(scale-s.scale))
		s.scale = scale
	case scale < s.scale:
		s.addend.Mul(&s.addend, powerOfTen(s.scale-scale))
	}
	s.coefficient.Add(&s.coefficient, &s.addend)
}

func powerOfTen(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// String is the sum as decimal text with no zeros at the end of its fraction,
// or NotANumber.
func (s *Sum) String() string { return s.Text(0) }

// Text is the sum with at least so many digits behind the point, and more only
// where they are not zero.
func (s *Sum) Text(scale int) string {
	if s.notANumber {
		return NotANumber
	}
	digits := s.coefficient.Text(10)
	digits, negative := strings.CutPrefix(digits, "-")
	if missing := s.scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, frac := digits[:len(digits)-s.scale], strings.TrimRight(digits[len(digits)-s.scale:], "0")
	if missing := scale - len(frac); missing > 0 {
		frac += strings.Repeat("0", missing)
	}
	if frac != "" {
		whole += "." + frac
	}
	if negative {
		return "-" + whole
	}
	return whole
}
