package postgres

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"landfall/internal/record"
)

// parser turns the text that the server prints for a type into a value. Text
// that has no counterpart among the values (infinity, years before 1) stays
// text.
type parser func(cell []byte) record.Value

// The object identifiers of the built-in types, which never change.
const (
	oidBool        = 16
	oidBytea       = 17
	oidName        = 19
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidOID         = 26
	oidJSON        = 114
	oidFloat4      = 700
	oidFloat8      = 701
	oidBpchar      = 1042
	oidVarchar     = 1043
	oidDate        = 1082
	oidTime        = 1083
	oidTimestamp   = 1114
	oidTimestampTZ = 1184
	oidNumeric     = 1700
	oidUUID        = 2950
	oidJSONB       = 3802
)

func parserOf(oid uint32) parser {
	switch oid {
	case oidBool:
		return func(cell []byte) record.Value { return record.Bool(cell[0] == 't') }
	case oidInt2, oidInt4, oidInt8, oidOID:
		return parseInt
	case oidFloat4:
		return func(cell []byte) record.Value { return parseFloat(cell) }
	case oidFloat8:
		return func(cell []byte) record.Value { return parseFloat(cell) }
	case oidNumeric:
		return parseNumeric
	case oidBpchar: // the blanks it is padded with are no part of the value
		return func(cell []byte) record.Value { return record.Text(strings.TrimRight(string(cell), " ")) }
	case oidBytea:
		return parseBytea
	case oidDate, oidTimestamp, oidTimestampTZ:
		return parseMoment
	case oidTime:
		return parseTime
	case oidJSON, oidJSONB:
		return func(cell []byte) record.Value { return record.JSON(string(cell)) }
	default:
		return parseText
	}
}

func parseText(cell []byte) record.Value { return record.Text(string(cell)) }

func parseInt(cell []byte) record.Value {
	digits, negative := cell, false
	if len(cell) > 0 && cell[0] == '-' {
		digits, negative = cell[1:], true
	}
	if len(digits) == 0 || len(digits) > 18 { // may not fit while it is built up
		n, err := strconv.ParseInt(string(cell), 10, 64)
		if err != nil {
			return parseText(cell)
		}
		return record.Int(n)
	}
	var n int64
	for _, digit := range digits {
		n = n*10 + int64(digit-'0')
	}
	if negative {
		n = -n
	}
	return record.Int(n)
}

// parseFloat reads a real like a double: 0.1 stays 0.1, where the nearest real
// would print as 0.10000000149011612. Fitting rounds it again.
func parseFloat(cell []byte) record.Value {
	f, err := strconv.ParseFloat(string(cell), 64)
	if err != nil {
		return parseText(cell)
	}
	return record.Float(f)
}

// parseNumeric leaves NaN and the infinities text: they are no decimals.
func parseNumeric(cell []byte) record.Value {
	if last := cell[len(cell)-1]; last < '0' || last > '9' {
		return parseText(cell)
	}
	return record.Decimal(string(cell))
}

func parseBytea(cell []byte) record.Value {
	if len(cell) < 2 || cell[0] != '\\' || cell[1] != 'x' {
		return parseText(cell)
	}
	raw := make([]byte, hex.DecodedLen(len(cell)-2))
	if _, err := hex.Decode(raw, cell[2:]); err != nil {
		return parseText(cell)
	}
	return record.Bytes(raw)
}

// parseMoment reads a date, a timestamp or an instant: which of them it is
// shows in how far the text goes.
func parseMoment(cell []byte) record.Value {
	year, rest, ok := digitsUpTo(cell, '-')
	if !ok || len(rest) < 5 || rest[2] != '-' {
		return parseText(cell)
	}
	month, day := time.Month(twoDigits(rest)), twoDigits(rest[3:])
	rest = rest[5:]
	if len(rest) == 0 {
		return record.Date(year, month, day)
	}
	if rest[0] != ' ' || len(rest) < 9 || rest[1] > '9' || rest[3] != ':' {
		return parseText(cell) // "0044-03-15 BC"
	}
	seconds, nanos, rest := clock(rest[1:])
	at := time.Date(year, month, day, 0, 0, seconds, nanos, time.UTC)
	if len(rest) == 0 {
		return record.Timestamp(at)
	}
	zone, ok := zoneSeconds(rest)
	if !ok {
		return parseText(cell)
	}
	return record.TimestampTZ(at.Add(-time.Duration(zone) * time.Second))
}

func parseTime(cell []byte) record.Value {
	if len(cell) < 8 {
		return parseText(cell)
	}
	seconds, nanos, rest := clock(cell)
	if len(rest) > 0 || seconds >= 24*60*60 {
		return parseText(cell)
	}
	return record.TimeOfDay(time.Duration(seconds)*time.Second + time.Duration(nanos))
}

// clock reads 15:04:05[.fraction] and returns what stands behind it.
func clock(text []byte) (seconds, nanos int, rest []byte) {
	seconds = twoDigits(text)*3600 + twoDigits(text[3:])*60 + twoDigits(text[6:])
	rest = text[8:]
	if len(rest) == 0 || rest[0] != '.' {
		return seconds, 0, rest
	}
	rest = rest[1:]
	for unit := 100_000_000; len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9'; unit /= 10 {
		nanos += int(rest[0]-'0') * unit
		rest = rest[1:]
	}
	return seconds, nanos, rest
}

// zoneSeconds reads +05, -03:30 or +00:19:32.
func zoneSeconds(text []byte) (int, bool) {
	if len(text) < 3 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	seconds := 0
	for at, unit := 1, 3600; at+2 <= len(text); at, unit = at+3, unit/60 {
		seconds += twoDigits(text[at:]) * unit
	}
	if (len(text)-3)%3 != 0 {
		return 0, false // " BC" makes it longer
	}
	if text[len(text)-1] > '9' {
		return 0, false
	}
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

func twoDigits(text []byte) int { return int(text[0]-'0')*10 + int(text[1]-'0') }

func digitsUpTo(text []byte, end byte) (n int, rest []byte, ok bool) {
	for i, c := range text {
		switch {
		case c == end:
			return n, text[i+1:], i > 0
		case c < '0' || c > '9' || i > 6:
			return 0, nil, false
		}
		n = n*10 + int(c-'0')
	}
	return 0, nil, false
}
