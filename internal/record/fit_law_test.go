package record

import (
	"encoding/json"
	"math/big"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var someNumeral = rapid.StringMatching(`[+-]?(0{0,3}[0-9]{0,25})(\.[0-9]{0,12}0{0,3})?([eE][+-]?[0-9]{1,4})?`)

var someText = rapid.OneOf(
	rapid.String(), someNumeral,
	rapid.StringMatching(`[0-9]{4}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,11})?)?)?(Z| ?[+-][01][0-9](:?[0-5][0-9])?)?`),
	rapid.StringMatching(`[0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,11})?)?`),
	rapid.StringMatching(`\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\}?`),
	rapid.StringMatching(`\\x([0-9a-fA-F]{2}){0,6}`),
	rapid.Map(rapid.MapOf(rapid.String(), rapid.SliceOfN(rapid.Float64(), 0, 3)), func(m map[string][]float64) string {
		text, _ := json.MarshalIndent(m, "", " ")
		return string(text)
	}),
	rapid.SampledFrom([]string{"", " ", "true", "T", "0", "1", "A", "a  ", "NaN", "Infinity", "null", `{"a":1,"a":[1e2]}`}),
)

func drawValue(t *rapid.T) Value {
	when := func() time.Time {
		return time.Unix(rapid.Int64Range(firstSecond-1e6, lastSecond+1e6).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC()
	}
	switch Kind(rapid.IntRange(0, int(KindJSON)).Draw(t, "kind of value")) {
	case KindBool:
		return Bool(rapid.Bool().Draw(t, "bool"))
	case KindInt:
		return Int(rapid.Int64().Draw(t, "int"))
	case KindFloat:
		return Float(rapid.Float64().Draw(t, "float"))
	case KindDecimal:
		return Decimal(someNumeral.Draw(t, "decimal"))
	case KindText:
		return Text(someText.Draw(t, "text"))
	case KindBytes:
		return Bytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	case KindDate:
		return Date(when().Date())
	case KindTime:
		return TimeOfDay(time.Duration(rapid.Int64Range(-1e9, 25*int64(time.Hour)).Draw(t, "time")))
	case KindTimestamp:
		return Timestamp(when())
	case KindTimestampTZ:
		return TimestampTZ(when())
	case KindJSON:
		return JSON(someText.Draw(t, "json"))
	default:
		return Null()
	}
}

func drawType(t *rapid.T) Type {
	return Type{
		Kind:      Kind(rapid.IntRange(0, int(KindJSON)).Draw(t, "kind")),
		Bits:      rapid.SampledFrom([]int{0, 8, 16, 24, 32, 64}).Draw(t, "bits"),
		Unsigned:  rapid.Bool().Draw(t, "unsigned"),
		Length:    rapid.IntRange(0, 40).Draw(t, "length"),
		Fixed:     rapid.Bool().Draw(t, "fixed"),
		Precision: rapid.IntRange(0, 30).Draw(t, "precision"),
		Scale:     rapid.IntRange(-3, 35).Draw(t, "scale"),
		Fraction:  rapid.IntRange(0, 9).Draw(t, "fraction"),
		Enum:      rapid.SampledFrom([][]string{nil, nil, {"A", "b"}}).Draw(t, "enum"),
		UUID:      rapid.IntRange(0, 9).Draw(t, "uuid") == 0,
		FoldCase:  rapid.Bool().Draw(t, "fold"),
	}
}

func TestFitTwiceIsFitOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		declared, v := drawType(t), drawValue(t)
		checkIdempotent(t, declared, v)
	})
}

type fataler interface {
	Fatalf(format string, args ...any)
}

func checkIdempotent(t fataler, declared Type, v Value) {
	once, m := declared.Fit(v)
	if m != nil {
		if m.Expected == "" || m.Code == "" || once != (Value{}) {
			t.Fatalf("%+v.Fit(%v %q) = %v, incomplete %+v", declared, v.Kind(), v, once, m)
		}
		return
	}
	twice, m := declared.Fit(once)
	if m != nil || !reflect.DeepEqual(once, twice) {
		t.Fatalf("%+v: %v %q fits as %v %q, and that as %v %q (%v)", declared, v.Kind(), v, once.Kind(), once, twice.Kind(), twice, m)
	}
}

func TestFitKeepsTheNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		declared := drawType(t)
		declared.Kind = rapid.SampledFrom([]Kind{KindInt, KindDecimal}).Draw(t, "number kind")
		v := Text(someNumeral.Draw(t, "numeral"))
		got, m := declared.Fit(v)
		if m != nil {
			return
		}
		want, ok1 := new(big.Rat).SetString(v.Raw())
		have, ok2 := new(big.Rat).SetString(got.String())
		if !ok1 || !ok2 || want.Cmp(have) != 0 {
			t.Fatalf("%q became %q", v, got)
		}
	})
}

func TestEqualNumbersHaveOneText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[1-9][0-9]{0,9}\.[0-9]{1,5}`).Draw(t, "numeral")
		a, m1 := kind(KindDecimal).Fit(Text(text))
		b, m2 := kind(KindDecimal).Fit(Text("+00" + text + "00"))
		c, m3 := kind(KindDecimal).Fit(Text(text + "e0"))
		if m1 != nil || m2 != nil || m3 != nil || a != b || a != c {
			t.Fatalf("%q: %q %q %q", text, a, b, c)
		}
	})
}

func FuzzFit(f *testing.F) {
	for _, test := range fitting {
		f.Add(uint8(test.t.Kind), test.t.Length, test.t.Precision, test.t.Scale, test.v.String())
	}
	for _, test := range misfitting {
		f.Add(uint8(test.t.Kind), test.t.Length, test.t.Precision, test.t.Scale, test.v.String())
	}
	f.Fuzz(func(t *testing.T, k uint8, length, precision, scale int, text string) {
		declared := Type{Kind: Kind(k) % (KindJSON + 1), Length: length, Precision: precision, Scale: scale % 1000, Fraction: length & 15}
		checkIdempotent(t, declared, Text(text))
		checkIdempotent(t, declared, Decimal(text))
		if declared.Kind == KindJSON && utf8.ValidString(text) {
			if got, m := declared.Fit(Text(text)); m == nil {
				var a, b any
				if json.Unmarshal([]byte(text), &a) == nil && (json.Unmarshal([]byte(got.Raw()), &b) != nil || !reflect.DeepEqual(a, b)) {
					t.Fatalf("%q became %q", text, got)
				} else if !json.Valid([]byte(text)) {
					t.Fatalf("%q is no JSON but fits as %q", text, got)
				}
			}
		}
	})
}
