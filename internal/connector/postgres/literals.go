package postgres

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"landfall/internal/record"
)

// arrayText is a finished array literal, as Relation passes it.
type arrayText string

// encodeArgs writes arguments as text, which the server reads as whatever type
// the placeholder stands for.
func encodeArgs(args []any) ([][]byte, error) {
	if len(args) == 0 {
		return nil, nil
	}
	params := make([][]byte, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil:
		case string:
			params[i] = []byte(arg)
		case arrayText:
			params[i] = []byte(arg)
		case int64:
			params[i] = strconv.AppendInt(nil, arg, 10)
		case int:
			params[i] = strconv.AppendInt(nil, int64(arg), 10)
		case float64:
			params[i] = record.Float(arg).AppendText(nil)
		case bool:
			params[i] = strconv.AppendBool(nil, arg)
		case []byte:
			if arg != nil {
				params[i] = appendHex([]byte{}, arg)
			}
		case record.Value:
			if !arg.IsNull() {
				params[i] = appendText([]byte{}, arg)
			}
		default:
			return nil, fmt.Errorf("argument %d has type %T, which PostgreSQL is not given", i+1, arg)
		}
	}
	return params, nil
}

func appendHex(dst, raw []byte) []byte {
	return hex.AppendEncode(append(dst, '\\', 'x'), raw)
}

// appendText writes a value the way the server reads it. Times are written by
// hand: they are every fourth cell of a usual table, and Go's layouts take
// several times as long.
func appendText(dst []byte, v record.Value) []byte {
	switch v.Kind() {
	case record.KindText, record.KindDecimal, record.KindJSON:
		return append(dst, v.Raw()...)
	case record.KindDate:
		return appendDate(dst, v)
	case record.KindTime:
		since := v.SinceMidnight()
		return appendClock(dst, int(since.Seconds()), int(since.Nanoseconds()%1e9))
	case record.KindTimestamp:
		return appendMoment(dst, v)
	case record.KindTimestampTZ:
		return append(appendMoment(dst, v), 'Z')
	default:
		return v.AppendText(dst)
	}
}

func appendMoment(dst []byte, v record.Value) []byte {
	at := v.Time()
	dst = append(appendDate(dst, v), ' ')
	hour, minute, second := at.Clock()
	return appendClock(dst, hour*3600+minute*60+second, at.Nanosecond())
}

func appendDate(dst []byte, v record.Value) []byte {
	year, month, day := v.Time().Date()
	if year < 0 || year > 9999 {
		return v.Time().AppendFormat(dst, "2006-01-02")
	}
	dst = appendTwo(appendTwo(dst, year/100), year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	return appendTwo(append(dst, '-'), day)
}

func appendClock(dst []byte, seconds, nanos int) []byte {
	dst = appendTwo(dst, seconds/3600)
	dst = appendTwo(append(dst, ':'), seconds/60%60)
	dst = appendTwo(append(dst, ':'), seconds%60)
	if nanos == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := 100_000_000; unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+nanos/unit%10))
	}
	return dst
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// appendElement writes one element of an array literal.
func appendElement(dst []byte, v record.Value) []byte {
	if v.IsNull() {
		return append(dst, "NULL"...)
	}
	dst = append(dst, '"')
	at := len(dst)
	dst = appendText(dst, v)
	if needsEscape(dst[at:]) {
		text := string(dst[at:])
		dst = dst[:at]
		for i := range len(text) {
			if text[i] == '"' || text[i] == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, text[i])
		}
	}
	return append(dst, '"')
}

func needsEscape(text []byte) bool {
	for _, c := range text {
		if c == '"' || c == '\\' {
			return true
		}
	}
	return false
}
