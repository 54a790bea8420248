package postgres

import (
	"time"

	"landfall/internal/record"
)

// The server counts days and microseconds from the year 2000.
const (
	secondsPerDay = 24 * 60 * 60
	epoch         = 946684800 // in seconds of Unix

	firstSecond = -62135596800 // 0001-01-01 00:00:00
	lastSecond  = 253402300799 // 9999-12-31 23:59:59
)

func binaryDate(dst []byte, v record.Value) ([]byte, bool) {
	seconds := v.Time().Unix()
	if v.Kind() != record.KindDate || seconds < firstSecond || seconds > lastSecond || seconds%secondsPerDay != 0 {
		return dst, false
	}
	return append4(dst, uint32(int32((seconds-epoch)/secondsPerDay))), true
}

func binaryTime(dst []byte, v record.Value) ([]byte, bool) {
	since := v.SinceMidnight()
	if v.Kind() != record.KindTime || since < 0 || since >= 24*time.Hour || since%time.Microsecond != 0 {
		return dst, false
	}
	return append8(dst, uint64(since/time.Microsecond)), true
}

func binaryTimestamp(dst []byte, v record.Value) ([]byte, bool) {
	return appendMicros(dst, v, record.KindTimestamp)
}

func binaryTimestampTZ(dst []byte, v record.Value) ([]byte, bool) {
	return appendMicros(dst, v, record.KindTimestampTZ)
}

// appendMicros leaves finer fractions to the server, which rounds them.
func appendMicros(dst []byte, v record.Value, kind record.Kind) ([]byte, bool) {
	at := v.Time()
	seconds, nanos := at.Unix(), at.Nanosecond()
	if v.Kind() != kind || seconds < firstSecond || seconds > lastSecond || nanos%1000 != 0 {
		return dst, false
	}
	return append8(dst, uint64((seconds-epoch)*1_000_000+int64(nanos/1000))), true
}
