package crosswalk

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Form is how a column holds the numbers of which keys are made.
type Form struct {
	Column sqldb.Column
	Width  int // digits: of a number at most, of a text exactly; 0: what the column holds
}

// digitsOfInt is how many digits a number of 64 bits always has room for.
const digitsOfInt = 18

// NewForm judges a column; the error says what is wrong with it.
func NewForm(column sqldb.Column, width int) (Form, error) {
	f := Form{Column: column, Width: width}
	t := column.Type
	switch {
	case t.Kind == record.KindInt:
	case t.Kind == record.KindDecimal && (t.Precision == 0 || t.Precision > t.Scale && t.Scale >= 0):
	case t.Kind == record.KindText && !t.UUID && t.Enum == nil:
		if width == 0 {
			return f, fmt.Errorf("%s is %s: give `width`, the digits that each key has", column.Name, t.Native)
		}
		if t.Length > 0 && t.Length < width {
			return f, fmt.Errorf("%s is %s, which has no room for %d digits", column.Name, t.Native, width)
		}
	default:
		return f, fmt.Errorf("%s is %s, which holds neither whole numbers nor text of digits", column.Name, t.Native)
	}
	return f, nil
}

// Highest is the highest number that has room.
func (f Form) Highest() int64 {
	highest := int64(math.MaxInt64 - 1)
	if t := f.Column.Type; t.Kind == record.KindInt && t.Bits > 0 && t.Bits < 64 {
		bits := t.Bits
		if !t.Unsigned {
			bits--
		}
		highest = 1<<bits - 1
	} else if t.Kind == record.KindDecimal && t.Precision > 0 {
		highest = nines(t.Precision - t.Scale)
	}
	if f.Width > 0 {
		highest = min(highest, nines(f.Width))
	}
	return highest
}

// nines is the highest number of so many digits.
func nines(digits int) int64 {
	if digits > digitsOfInt {
		return math.MaxInt64 - 1
	}
	n := int64(1)
	for range digits {
		n *= 10
	}
	return n - 1
}

// Text is the number as the crosswalk keeps it.
func (f Form) Text(n int64) string {
	text := strconv.FormatInt(n, 10)
	if f.Column.Type.Kind == record.KindText && len(text) < f.Width {
		return strings.Repeat("0", f.Width-len(text)) + text
	}
	return text
}

// Value is the number as the column holds it.
func (f Form) Value(n int64) record.Value {
	switch f.Column.Type.Kind {
	case record.KindInt:
		return record.Int(n)
	case record.KindDecimal:
		return record.Decimal(f.Text(n))
	}
	return record.Text(f.Text(n))
}

// Number reads a key; ok is false for one that was not made of a number in this
// form.
func (f Form) Number(text string) (n int64, ok bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && n <= f.Highest() && f.Text(n) == text
}
