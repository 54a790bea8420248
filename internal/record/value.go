package record

import (
	"encoding/hex"
	"math"
	"strconv"
	"time"
)

// Kind says which of the closed set of values a Value is.
type Kind uint8

// The closed set of kinds. Decimal, Text and JSON carry their text; Date and
// Timestamp carry wall-clock time without a zone; TimestampTZ is an instant.
const (
	KindNull Kind = iota
	KindBool
	KindInt
	KindFloat
	KindDecimal
	KindText
	KindBytes
	KindDate
	KindTime // time of day
	KindTimestamp
	KindTimestampTZ
	KindJSON
)

var kindNames = [...]string{
	"null", "bool", "integer", "float", "decimal", "text", "bytes", "date",
	"time of day", "timestamp", "timestamp with zone", "JSON",
}

// String names the kind in the words that messages use.
func (k Kind) String() string { return kindNames[k] }

// Value is one cell: a small immutable struct passed by value. The zero Value
// is NULL, which is never the same as empty text.
type Value struct {
	kind  Kind
	nanos int32  // fraction of a second for the time kinds
	num   int64  // bool, int, float bits, unix seconds, or seconds since midnight
	str   string // decimal, text, bytes, JSON
}

// Null is the absent value.
func Null() Value { return Value{} }

// Bool makes a truth value.
func Bool(b bool) Value {
	v := Value{kind: KindBool}
	if b {
		v.num = 1
	}
	return v
}

// Int makes an integer.
func Int(i int64) Value { return Value{kind: KindInt, num: i} }

// Float makes a floating point number.
func Float(f float64) Value { return Value{kind: KindFloat, num: int64(math.Float64bits(f))} }

// Decimal makes an exact number from its text, such as "-12.50". The caller
// vouches for the text; Type.Fit checks text from outside.
func Decimal(text string) Value { return Value{kind: KindDecimal, str: text} }

// Text makes a character string.
func Text(s string) Value { return Value{kind: KindText, str: s} }

// Bytes makes a byte string; the bytes are copied.
func Bytes(b []byte) Value { return Value{kind: KindBytes, str: string(b)} }

// JSON makes a JSON document from its text.
func JSON(text string) Value { return Value{kind: KindJSON, str: text} }

// Date makes a calendar day.
func Date(year int, month time.Month, day int) Value {
	return Value{kind: KindDate, num: time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()}
}

// TimeOfDay makes a time of day from the duration since midnight.
func TimeOfDay(d time.Duration) Value {
	return Value{kind: KindTime, num: int64(d / time.Second), nanos: int32(d % time.Second)}
}

// Timestamp makes a date and time without a zone from t's wall clock.
func Timestamp(t time.Time) Value {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	return Value{kind: KindTimestamp, num: wall.Unix(), nanos: int32(wall.Nanosecond())}
}

// TimestampTZ makes an instant.
func TimestampTZ(t time.Time) Value {
	return Value{kind: KindTimestampTZ, num: t.Unix(), nanos: int32(t.Nanosecond())}
}

// Kind returns the value's kind.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether the value is NULL.
func (v Value) IsNull() bool { return v.kind == KindNull }

// IsEmptyText reports whether the value is text of length zero.
func (v Value) IsEmptyText() bool { return v.kind == KindText && v.str == "" }

// Bool returns a KindBool value's truth.
func (v Value) Bool() bool { return v.num != 0 }

// Int returns a KindInt value's number.
func (v Value) Int() int64 { return v.num }

// Float returns a KindFloat value's number.
func (v Value) Float() float64 { return math.Float64frombits(uint64(v.num)) }

// Raw returns the text of decimal, text and JSON and the bytes of bytes, as
// they are; it is empty for other kinds.
func (v Value) Raw() string { return v.str }

// Time returns date, timestamp and instant as a time in UTC.
func (v Value) Time() time.Time { return time.Unix(v.num, int64(v.nanos)).UTC() }

// SinceMidnight returns a time of day as a duration.
func (v Value) SinceMidnight() time.Duration {
	return time.Duration(v.num)*time.Second + time.Duration(v.nanos)
}

// String is the plain text of the value: what a CSV cell or a source key
// shows. NULL is the empty string; bytes are \x and hexadecimal.
func (v Value) String() string {
	if v.kind == KindDecimal || v.kind == KindText || v.kind == KindJSON {
		return v.str
	}
	return string(v.AppendText(nil))
}

// AppendText appends what String returns to dst.
func (v Value) AppendText(dst []byte) []byte {
	switch v.kind {
	case KindNull:
		return dst
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindInt:
		return strconv.AppendInt(dst, v.num, 10)
	case KindFloat:
		return appendFloat(dst, v.Float())
	case KindBytes:
		dst = append(dst, '\\', 'x')
		return hex.AppendEncode(dst, []byte(v.str))
	case KindDate:
		return v.Time().AppendFormat(dst, "2006-01-02")
	case KindTime:
		return time.Unix(0, 0).UTC().Add(v.SinceMidnight()).AppendFormat(dst, "15:04:05.999999999")
	case KindTimestamp:
		return v.Time().AppendFormat(dst, "2006-01-02 15:04:05.999999999")
	case KindTimestampTZ:
		return v.Time().AppendFormat(dst, "2006-01-02 15:04:05.999999999Z07:00")
	default:
		return append(dst, v.str...)
	}
}

// Size is the number of bytes the value takes up in a batch, for cutting
// batches by bytes; it is an estimate that only the source's content decides.
func (v Value) Size() int { return 8 + len(v.str) }

// appendFloat writes a number the way people write it, without an exponent
// where its digits fit a line: an exponent's digits must not pass for digits of
// a key or of a telephone number. The shortest text that reads back the same.
func appendFloat(dst []byte, f float64) []byte {
	format := byte('f')
	if magnitude := math.Abs(f); magnitude != 0 && (magnitude < 1e-7 || magnitude >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}
