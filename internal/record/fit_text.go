package record

import (
	"strings"
	"unicode/utf8"
)

// fitText takes the plain text of every kind but bytes.
func (t Type) fitText(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindText:
	case KindBytes:
		return misfit(CodeWrongType, "text, not bytes")
	case KindDecimal, KindJSON:
		v.kind = KindText
	default:
		v = Text(v.String())
	}
	characters, m := countCharacters(v.str)
	if m != nil {
		return Value{}, m
	}
	if t.Fixed {
		trimmed := strings.TrimRight(v.str, " ")
		characters -= len(v.str) - len(trimmed)
		v.str = trimmed
	}
	switch {
	case t.UUID:
		return fitUUID(v)
	case t.Enum != nil:
		return t.fitEnum(v)
	case t.Length > 0 && characters > t.Length:
		return misfit(CodeTooLong, "at most %d characters, this has %d", t.Length, characters)
	}
	return v, nil
}

// countCharacters counts code points, as databases do, and finds what no
// database takes as text.
func countCharacters(s string) (int, *Misfit) {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			_, m := misfit(CodeWrongType, "text without NUL bytes")
			return 0, m
		}
		if s[i] >= utf8.RuneSelf {
			ascii = false
		}
	}
	if ascii {
		return len(s), nil
	}
	if !utf8.ValidString(s) {
		_, m := misfit(CodeBadEncoding, "valid UTF-8")
		return 0, m
	}
	return utf8.RuneCountInString(s), nil
}

// fitEnum gives the target's own spelling where the target ignores case.
func (t Type) fitEnum(v Value) (Value, *Misfit) {
	for _, allowed := range t.Enum {
		if v.str == allowed {
			return v, nil
		}
	}
	if t.FoldCase {
		for _, allowed := range t.Enum {
			if strings.EqualFold(v.str, allowed) {
				return Text(allowed), nil
			}
		}
	}
	const named = 10 // a longer list does not help the reader of one message
	if len(t.Enum) > named {
		return misfit(CodeUnknownCode, "one of %s, …", strings.Join(t.Enum[:named], ", "))
	}
	return misfit(CodeUnknownCode, "one of %s", strings.Join(t.Enum, ", "))
}
