package record

import "strings"

// fitBool takes what every database spells alike; "yes" and "J" are for the
// mapping's `values` to translate.
func fitBool(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindBool:
		return v, nil
	case KindInt:
		if v.num == 0 || v.num == 1 {
			return Bool(v.num == 1), nil
		}
	case KindText:
		switch {
		case v.str == "1", strings.EqualFold(v.str, "t"), strings.EqualFold(v.str, "true"):
			return Bool(true), nil
		case v.str == "0", strings.EqualFold(v.str, "f"), strings.EqualFold(v.str, "false"):
			return Bool(false), nil
		}
	}
	return misfit(CodeWrongType, "true or false (also t, f, 1, 0)")
}
