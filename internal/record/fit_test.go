package record

import (
	"math"
	"strings"
	"testing"
	"time"
)

func kind(k Kind) Type { return Type{Kind: k} }

var (
	someDay     = Date(2024, time.February, 29)
	someMorning = time.Date(2024, 2, 29, 8, 30, 15, 123456789, time.UTC)
)

var fitting = []struct {
	name string
	t    Type
	v    Value
	want Value
}{
	{"null", kind(KindInt), Null(), Null()},
	{"nothing declared", Type{}, Text(" x\x00"), Text(" x\x00")},

	{"int", Type{Kind: KindInt, Bits: 16}, Int(-32768), Int(-32768)},
	{"int from text", kind(KindInt), Text("+42"), Int(42)},
	{"int from padded text", kind(KindInt), Text("007"), Int(7)},
	{"int from text with zero fraction", kind(KindInt), Text("7.0"), Int(7)},
	{"int from decimal", kind(KindInt), Decimal("-7.00"), Int(-7)},
	{"int from minus zero", kind(KindInt), Text("-0"), Int(0)},
	{"int from float", kind(KindInt), Float(1e15), Int(1e15)},
	{"lowest int", kind(KindInt), Text("-9223372036854775808"), Int(math.MinInt64)},
	{"highest unsigned", Type{Kind: KindInt, Bits: 64, Unsigned: true}, Text("018446744073709551615"), Decimal("18446744073709551615")},
	{"unsigned from float", Type{Kind: KindInt, Unsigned: true}, Float(1 << 63), Decimal("9223372036854775808")},

	{"float from text", kind(KindFloat), Text("1e3"), Float(1000)},
	{"float from int", kind(KindFloat), Int(3), Float(3)},
	{"float32 rounds", Type{Kind: KindFloat, Bits: 32}, Text("0.1"), Float(float64(float32(0.1)))},
	{"infinity", kind(KindFloat), Text("-Infinity"), Float(math.Inf(-1))},
	{"float minus zero", kind(KindFloat), Float(math.Copysign(0, -1)), Float(0)},
	{"float minus zero text", kind(KindFloat), Text("-0.0"), Float(0)},

	{"decimal", kind(KindDecimal), Decimal("12.50"), Decimal("12.5")},
	{"decimal zeros", kind(KindDecimal), Text("+0012.00"), Decimal("12")},
	{"decimal minus zero", kind(KindDecimal), Text("-0.00"), Decimal("0")},
	{"decimal without whole", kind(KindDecimal), Text(".50"), Decimal("0.5")},
	{"decimal without fraction", kind(KindDecimal), Text("5."), Decimal("5")},
	{"decimal exponent", kind(KindDecimal), Text("1.25e1"), Decimal("12.5")},
	{"decimal small exponent", kind(KindDecimal), Text("-125E-4"), Decimal("-0.0125")},
	{"decimal zero exponent", kind(KindDecimal), Text("0e999999999999"), Decimal("0")},
	{"decimal from float", kind(KindDecimal), Float(0.1), Decimal("0.1")},
	{"decimal from int", Type{Kind: KindDecimal, Precision: 3}, Int(999), Decimal("999")},
	{"decimal trailing zeros beyond scale", Type{Kind: KindDecimal, Precision: 4, Scale: 2}, Text("12.5000"), Decimal("12.5")},
	{"decimal negative scale", Type{Kind: KindDecimal, Precision: 3, Scale: -2}, Text("12300"), Decimal("12300")},
	{"decimal scale past precision", Type{Kind: KindDecimal, Precision: 3, Scale: 5}, Text("0.00123"), Decimal("0.00123")},

	{"bool text", kind(KindBool), Text("TRUE"), Bool(true)},
	{"bool letter", kind(KindBool), Text("F"), Bool(false)},
	{"bool int", kind(KindBool), Int(1), Bool(true)},

	{"text", Type{Kind: KindText, Length: 3}, Text("äöü"), Text("äöü")},
	{"text from int", kind(KindText), Int(-5), Text("-5")},
	{"text from date", kind(KindText), someDay, Text("2024-02-29")},
	{"text from decimal", kind(KindText), Decimal("1.50"), Text("1.50")},
	{"fixed text", Type{Kind: KindText, Length: 2, Fixed: true}, Text("ab  "), Text("ab")},
	{"enum", Type{Kind: KindText, Enum: []string{"A", "C"}}, Text("C"), Text("C")},
	{"enum without case", Type{Kind: KindText, Enum: []string{"Open"}, FoldCase: true}, Text("open"), Text("Open")},
	{"uuid", Type{Kind: KindText, UUID: true}, Text("{6BA7B8109DAD11D180B400C04FD430C8}"), Text("6ba7b810-9dad-11d1-80b4-00c04fd430c8")},
	{"uuid hyphens", Type{Kind: KindText, UUID: true}, Text("6BA7B810-9DAD-11D1-80B4-00C04FD430C8"), Text("6ba7b810-9dad-11d1-80b4-00c04fd430c8")},

	{"bytes", Type{Kind: KindBytes, Length: 2}, Bytes([]byte{0, 255}), Bytes([]byte{0, 255})},
	{"bytes from text", kind(KindBytes), Text(`\x00Ff`), Bytes([]byte{0, 255})},

	{"date", kind(KindDate), Text("2024-02-29"), someDay},
	{"date from midnight", kind(KindDate), Timestamp(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)), someDay},
	{"date from midnight text", kind(KindDate), Text("2024-02-29T00:00:00.000"), someDay},
	{"time", Type{Kind: KindTime, Fraction: 3}, Text("08:30:15.1239"), TimeOfDay(8*time.Hour + 30*time.Minute + 15123*time.Millisecond)},
	{"time of minutes", kind(KindTime), Text("23:59"), TimeOfDay(23*time.Hour + 59*time.Minute)},
	{"timestamp cut", Type{Kind: KindTimestamp, Fraction: 6}, Timestamp(someMorning), Timestamp(someMorning.Truncate(time.Microsecond))},
	{"timestamp from date", kind(KindTimestamp), someDay, Timestamp(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC))},
	{"timestamp from text", Type{Kind: KindTimestamp, Fraction: 9}, Text("2024-02-29 08:30:15.123456789"), Timestamp(someMorning)},
	{"timestamp before 1970", Type{Kind: KindTimestamp, Fraction: 1}, Text("1969-12-31 23:59:59.99"), Timestamp(time.Date(1969, 12, 31, 23, 59, 59, 900_000_000, time.UTC))},
	{"instant", Type{Kind: KindTimestampTZ, Fraction: 9}, Text("2024-02-29T10:30:15.123456789+02:00"), TimestampTZ(someMorning)},
	{"instant Z", kind(KindTimestampTZ), Text("2024-02-29 08:30:15Z"), TimestampTZ(someMorning.Truncate(time.Second))},
	{"instant short zone", kind(KindTimestampTZ), Text("2024-02-29 03:30:15 -05"), TimestampTZ(someMorning.Truncate(time.Second))},
	{"instant old zone", kind(KindTimestampTZ), Text("1880-01-01 00:53:28+00:53:28"), TimestampTZ(time.Date(1880, 1, 1, 0, 0, 0, 0, time.UTC))},

	{"json", kind(KindJSON), Text(` { "b" : [ 1.0 , 1e2, -0 ], "a":"\u0041\/\n" , "b":null } `), JSON(`{"a":"A/\n","b":null}`)},
	{"json numbers", kind(KindJSON), JSON(`[1.0,1e2,1.50e1,-0,-0.0,0e-2,12e-1]`), JSON(`[1.0,100,15.0,0,0.0,0.00,1.2]`)},
	{"json surrogates", kind(KindJSON), Text(`"\ud83d\ude00\u001F"`), JSON(`"😀\u001f"`)},
	{"json nested order", kind(KindJSON), Text(`{"z":{"b":1,"a":2},"y":[{"d":1,"c":{}}]}`), JSON(`{"y":[{"c":{},"d":1}],"z":{"a":2,"b":1}}`)},
	{"json bool", kind(KindJSON), Bool(true), JSON("true")},
}

func TestFit(t *testing.T) {
	for _, test := range fitting {
		t.Run(test.name, func(t *testing.T) {
			got, m := test.t.Fit(test.v)
			if m != nil {
				t.Fatalf("Fit: %v", m)
			}
			if got != test.want {
				t.Fatalf("Fit = %v %q, want %v %q", got.Kind(), got, test.want.Kind(), test.want)
			}
			if again, m := test.t.Fit(got); m != nil || again != got {
				t.Fatalf("Fit of Fit = %v %q, %v", again.Kind(), again, m)
			}
		})
	}
}

var misfitting = []struct {
	name     string
	t        Type
	v        Value
	code     Code
	expected string
}{
	{"int range", Type{Kind: KindInt, Bits: 16}, Int(32768), CodeOutOfRange, "a whole number from -32768 to 32767"},
	{"int unsigned", Type{Kind: KindInt, Bits: 8, Unsigned: true}, Text("-1"), CodeOutOfRange, "a whole number from 0 to 255"},
	{"int huge", kind(KindInt), Text("99999999999999999999"), CodeOutOfRange, "a whole number from -9223372036854775808 to 9223372036854775807"},
	{"int blank", Type{Kind: KindInt, Bits: 16}, Text(" 7"), CodeWrongType, "a whole number from -32768 to 32767"},
	{"int empty", Type{Kind: KindInt, Bits: 16}, Text(""), CodeWrongType, ""},
	{"int point", Type{Kind: KindInt, Bits: 16}, Text("7."), CodeWrongType, ""},
	{"int exponent", Type{Kind: KindInt, Bits: 16}, Text("1e3"), CodeWrongType, ""},
	{"int fraction", Type{Kind: KindInt, Bits: 16}, Text("7.5"), CodeWrongType, ""},
	{"int from half", kind(KindInt), Float(0.5), CodeWrongType, ""},
	{"int from NaN", kind(KindInt), Float(math.NaN()), CodeWrongType, ""},
	{"int from bool", kind(KindInt), Bool(true), CodeWrongType, ""},
	{"float text", kind(KindFloat), Text("0x1p3"), CodeWrongType, "a number"},
	{"float large", Type{Kind: KindFloat, Bits: 32}, Text("1e39"), CodeOutOfRange, "a number in the range of a 32-bit floating point number"},
	{"float small", kind(KindFloat), Text("1e-399"), CodeOutOfRange, ""},
	{"decimal scale", Type{Kind: KindDecimal, Precision: 4, Scale: 2}, Text("1.234"), CodeOutOfRange, "at most 2 digits after the point"},
	{"decimal precision", Type{Kind: KindDecimal, Precision: 4, Scale: 2}, Text("123"), CodeOutOfRange, "at most 2 digits before the point"},
	{"decimal whole", Type{Kind: KindDecimal, Precision: 4}, Text("1.5"), CodeOutOfRange, "no digits after the point"},
	{"decimal bomb", kind(KindDecimal), Text("1e1000000000"), CodeOutOfRange, "a decimal number with an exponent from -400 to 400"},
	{"decimal negative scale", Type{Kind: KindDecimal, Precision: 3, Scale: -2}, Text("12310"), CodeOutOfRange, "2 zeros at the end"},
	{"decimal scale past precision", Type{Kind: KindDecimal, Precision: 3, Scale: 5}, Text("0.012"), CodeOutOfRange, "2 zeros straight after the point"},
	{"decimal text", kind(KindDecimal), Text("1,5"), CodeWrongType, "a decimal number"},
	{"bool", kind(KindBool), Text("yes"), CodeWrongType, "true or false (also t, f, 1, 0)"},
	{"bool int", kind(KindBool), Int(2), CodeWrongType, ""},
	{"text long", Type{Kind: KindText, Length: 2}, Text("äöü"), CodeTooLong, "at most 2 characters, this has 3"},
	{"text NUL", kind(KindText), Text("a\x00"), CodeWrongType, "text without NUL bytes"},
	{"text encoding", kind(KindText), Text("a\xff"), CodeBadEncoding, "valid UTF-8"},
	{"text bytes", kind(KindText), Bytes([]byte("a")), CodeWrongType, "text, not bytes"},
	{"enum", Type{Kind: KindText, Enum: []string{"A", "C"}}, Text("c"), CodeUnknownCode, "one of A, C"},
	{"uuid", Type{Kind: KindText, UUID: true}, Text("6ba7b810-9dad-11d1-80b400c04fd430c8aa"), CodeWrongType, "a UUID"},
	{"bytes", kind(KindBytes), Text("00ff"), CodeWrongType, `bytes, or text of the form \x and hexadecimal digits`},
	{"bytes odd", kind(KindBytes), Text(`\x0`), CodeWrongType, `pairs of hexadecimal digits after \x`},
	{"bytes long", Type{Kind: KindBytes, Length: 1}, Text(`\x0102`), CodeTooLong, "at most 1 bytes, this has 2"},
	{"31 February", kind(KindDate), Text("2024-02-31"), CodeBadDate, "a day of the calendar written YYYY-MM-DD"},
	{"date layout", kind(KindDate), Text("29.02.2024"), CodeBadDate, ""},
	{"year 0", kind(KindDate), Text("0000-01-01"), CodeOutOfRange, "a year from 1 to 9999"},
	{"date with time", kind(KindDate), Text("2024-02-29 00:01"), CodeWrongType, "a date without a time of day"},
	{"date from instant", kind(KindDate), TimestampTZ(someMorning), CodeWrongType, "a date without a time zone"},
	{"time", kind(KindTime), Text("24:00"), CodeBadDate, "a time of day written HH:MM:SS"},
	{"time past midnight", kind(KindTime), TimeOfDay(24 * time.Hour), CodeOutOfRange, "a time of day from 00:00 to before 24:00"},
	{"timestamp zone", kind(KindTimestamp), Text("2024-02-29 10:00Z"), CodeWrongType, "a date and time without a zone"},
	{"timestamp from instant", kind(KindTimestamp), TimestampTZ(someMorning), CodeWrongType, ""},
	{"timestamp hour", kind(KindTimestamp), Text("2024-02-29 10"), CodeBadDate, ""},
	{"instant without zone", kind(KindTimestampTZ), Text("2024-02-29 10:00"), CodeWrongType, "a date and time with a time zone; give the field `zone:`"},
	{"instant from timestamp", kind(KindTimestampTZ), Timestamp(someMorning), CodeWrongType, ""},
	{"instant before year 1", kind(KindTimestampTZ), Text("0001-01-01 00:00+01"), CodeOutOfRange, ""},
	{"json", kind(KindJSON), Text(`{"a":}`), CodeWrongType, "valid JSON; it breaks at byte 6"},
	{"json comma", kind(KindJSON), Text(`[1,]`), CodeWrongType, ""},
	{"json two", kind(KindJSON), Text(`1 2`), CodeWrongType, ""},
	{"json half a character", kind(KindJSON), Text(`"\ud83d"`), CodeWrongType, ""},
	{"json NUL", kind(KindJSON), Text(`"\u0000"`), CodeWrongType, `JSON text without \u0000`},
	{"json leading zero", kind(KindJSON), Text(`007`), CodeWrongType, ""},
	{"json bomb", kind(KindJSON), Text(`1e999999999`), CodeOutOfRange, ""},
	{"json deep", kind(KindJSON), Text(strings.Repeat("[", 1e6)), CodeWrongType, "JSON nested at most 1000 deep"},
	{"json from bytes", kind(KindJSON), Bytes([]byte("1")), CodeWrongType, "a JSON document"},
}

func TestMisfit(t *testing.T) {
	for _, test := range misfitting {
		t.Run(test.name, func(t *testing.T) {
			got, m := test.t.Fit(test.v)
			if m == nil {
				t.Fatalf("Fit = %v %q, want a Misfit", got.Kind(), got)
			}
			if m.Code != test.code || test.expected != "" && m.Expected != test.expected {
				t.Fatalf("Misfit %s %q, want %s %q", m.Code, m.Expected, test.code, test.expected)
			}
		})
	}
}
