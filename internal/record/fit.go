package record

import "fmt"

// Fit converts a value to the canonical form in which the target gives it
// back, or says why it cannot. Nothing is coerced silently: a value is either
// the same value in the target's own kind or a Misfit. Two losses belong to
// what the target declares and are taken: rounding to a floating point type
// and cutting a second's fraction to the digits that are kept.
//
// NULL fits every type, and the zero Type takes every value as it is. Fit is
// idempotent, so one hash serves the row that was written and the row that was
// read back.
func (t Type) Fit(v Value) (Value, *Misfit) {
	if v.kind == KindNull {
		return v, nil
	}
	switch t.Kind {
	case KindBool:
		return fitBool(v)
	case KindInt:
		return t.fitInt(v)
	case KindFloat:
		return t.fitFloat(v)
	case KindDecimal:
		return t.fitDecimal(v)
	case KindText:
		return t.fitText(v)
	case KindBytes:
		return t.fitBytes(v)
	case KindDate:
		return fitDate(v)
	case KindTime:
		return t.fitTimeOfDay(v)
	case KindTimestamp:
		return t.fitTimestamp(v)
	case KindTimestampTZ:
		return t.fitInstant(v)
	case KindJSON:
		return t.fitJSON(v)
	default:
		return v, nil
	}
}

// misfit makes the answer of a refused value. The words may name what the
// target declares and how large the value is, never the value.
func misfit(code Code, expected string, args ...any) (Value, *Misfit) {
	if len(args) > 0 {
		expected = fmt.Sprintf(expected, args...)
	}
	return Value{}, &Misfit{Code: code, Expected: expected}
}
