package postgres

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// anyInt is of any length, so that small numbers are as likely as large ones.
func anyInt(r *rand.Rand) int64 { return int64(r.Uint64()) >> r.IntN(64) }

func anyFloat32(r *rand.Rand) float64 {
	for {
		if f := float64(math.Float32frombits(r.Uint32())); !math.IsNaN(f) {
			return f
		}
	}
}

func anyFloat64(r *rand.Rand) float64 {
	if r.IntN(2) == 0 {
		return float64(r.IntN(1_000_000)) / 100
	}
	for {
		if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) {
			return f
		}
	}
}

// anyNumeral has up to whole digits before the point and up to frac behind,
// many of them zeros: those are what groups of four get wrong.
func anyNumeral(r *rand.Rand, whole, frac int) string {
	digits := func(most int) string {
		var text strings.Builder
		for range r.IntN(most + 1) {
			text.WriteByte("0000123456789900"[r.IntN(16)])
		}
		return text.String()
	}
	text := strings.TrimLeft(digits(whole), "0")
	if text == "" {
		text = "0"
	}
	if after := digits(frac); after != "" {
		text += "." + after
	}
	if r.IntN(2) == 0 {
		text = "-" + text
	}
	return text
}

// anyText has up to most characters of every width and of every meaning to COPY.
func anyText(r *rand.Rand, most int) string {
	const letters = "ab Z09\t\n\r\b\f\v\\\\N.x\"',{}\x01\x7fäß日本\u00a0\U0001F642\uffff"
	from := []rune(letters)
	var text strings.Builder
	for range r.IntN(most + 1) {
		text.WriteRune(from[r.IntN(len(from))])
	}
	return text.String()
}

func anyBytes(r *rand.Rand) []byte {
	raw := make([]byte, r.IntN(40))
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return raw
}

func anyClock(r *rand.Rand) time.Duration {
	return time.Duration(r.Int64N(int64(24 * time.Hour))).Truncate([]time.Duration{time.Second, time.Millisecond, time.Microsecond}[r.IntN(3)])
}

// anyMoment is of the years 1 to 9999, often near the year 2000.
func anyMoment(r *rand.Rand, unit time.Duration) time.Time {
	seconds := firstSecond + r.Int64N(lastSecond-firstSecond)
	if r.IntN(3) == 0 {
		seconds = epoch - 1000 + r.Int64N(2000)
	}
	at := time.Unix(seconds, 0).UTC()
	if unit > 0 && r.IntN(4) > 0 {
		at = at.Add(time.Duration(r.Int64N(int64(time.Second))).Truncate(unit))
	}
	return at
}

func anyUUID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", uint32(a), uint16(a>>32), uint16(a>>48), uint16(b), b>>16)
}

func anyJSON(r *rand.Rand) string {
	switch r.IntN(7) {
	case 0:
		return "null"
	case 1:
		return anyNumeral(r, 20, 10)
	case 2:
		return fmt.Sprintf(`{"%d":%s,"b":%s}`, r.IntN(10), anyJSON(r), anyJSON(r))
	case 3:
		return "[" + anyJSON(r) + ", " + anyJSON(r) + "]"
	default:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\b", `\b`, "\f", `\f`, "\v", ``, "\x01", `\u0001`).Replace(anyText(r, 20)) + `"`
	}
}
