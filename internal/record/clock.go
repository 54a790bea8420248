package record

import "time"

const secondsPerDay = 24 * 60 * 60

// The years that every database holds and that the text form can print.
var (
	firstSecond = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastSecond  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
)

// clock is text taken apart as a date, a time of day and a zone, each of which
// may be missing.
type clock struct {
	day     int64 // unix seconds of midnight
	seconds int64 // since midnight
	nanos   int32
	zone    int64 // seconds east of Greenwich
	timed   bool
	zoned   bool
}

// scanClock reads YYYY-MM-DD[( |T)HH:MM[:SS[.fraction]][zone]].
func scanClock(s string) (c clock, ok bool) {
	if c.day, ok = scanDay(s); !ok {
		return c, false
	}
	if s = s[len("2006-01-02"):]; s == "" {
		return c, true
	}
	if s[0] != ' ' && s[0] != 'T' {
		return c, false
	}
	if s, ok = c.scanTime(s[1:]); !ok {
		return c, false
	}
	if s == "" {
		return c, true
	}
	return c, c.scanZone(s)
}

// scanDay reads YYYY-MM-DD at the start of s; 31 February is no day.
func scanDay(s string) (int64, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	century, ok1 := twoDigits(s, 99)
	rest, ok2 := twoDigits(s[2:], 99)
	month, ok3 := twoDigits(s[5:], 12)
	day, ok4 := twoDigits(s[8:], 31)
	if !ok1 || !ok2 || !ok3 || !ok4 || month == 0 || day == 0 {
		return 0, false
	}
	t := time.Date(int(century*100+rest), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	return t.Unix(), t.Day() == int(day)
}

// scanTime reads HH:MM[:SS[.fraction]] and returns what stands behind it.
// Digits past the ninth are below what a Value holds.
func (c *clock) scanTime(s string) (rest string, ok bool) {
	c.timed = true
	if len(s) < 5 || s[2] != ':' {
		return s, false
	}
	hour, ok1 := twoDigits(s, 23)
	minute, ok2 := twoDigits(s[3:], 59)
	if !ok1 || !ok2 {
		return s, false
	}
	c.seconds = hour*3600 + minute*60
	if s = s[5:]; s == "" || s[0] != ':' {
		return s, true
	}
	second, ok := twoDigits(s[1:], 59)
	if !ok {
		return s, false
	}
	c.seconds += second
	if s = s[3:]; s == "" || s[0] != '.' {
		return s, true
	}
	digits := countDigits(s[1:])
	for i, unit := 0, int32(100_000_000); i < digits && unit > 0; i, unit = i+1, unit/10 {
		c.nanos += int32(s[1+i]-'0') * unit
	}
	return s[1+digits:], digits > 0
}

// scanZone reads Z, ±hh, ±hhmm, ±hh:mm or ±hh:mm:ss (how zones of the
// nineteenth century print), after a blank or not.
func (c *clock) scanZone(s string) bool {
	c.zoned = true
	if s == "Z" {
		return true
	}
	if s[0] == ' ' {
		s = s[1:]
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return false
	}
	east := s[0] == '+'
	hour, ok := twoDigits(s[1:], 15)
	if !ok {
		return false
	}
	c.zone = hour * 3600
	for s, unit := s[3:], int64(60); s != ""; unit /= 60 {
		if s[0] == ':' {
			s = s[1:]
		}
		part, ok := twoDigits(s, 59)
		if !ok || unit == 0 {
			return false
		}
		c.zone += part * unit
		s = s[2:]
	}
	if !east {
		c.zone = -c.zone
	}
	return true
}

// twoDigits reads the two digits at the start of s.
func twoDigits(s string, highest int64) (int64, bool) {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return 0, false
	}
	n := int64(s[0]-'0')*10 + int64(s[1]-'0')
	return n, n <= highest
}
