package httpapi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Range is a range of numbers, both ends within: 429, 500-599, 5xx.
type Range struct{ From, To int }

// Only is the range of one number.
func Only(number int) Range { return Range{number, number} }

// UnmarshalText reads it.
func (r *Range) UnmarshalText(text []byte) error {
	word := strings.TrimSpace(string(text))
	if hundreds, found := strings.CutSuffix(word, "xx"); found {
		if n, err := strconv.Atoi(hundreds); err == nil && n >= 0 {
			*r = Range{n * 100, n*100 + 99}
			return nil
		}
	}
	from, to, found := strings.Cut(word, "-")
	if !found {
		to = from
	}
	a, err := strconv.Atoi(strings.TrimSpace(from))
	b, err2 := strconv.Atoi(strings.TrimSpace(to))
	if err != nil || err2 != nil || b < a {
		return errors.New("expected a number or a range such as 429, 500-599 or 5xx")
	}
	*r = Range{a, b}
	return nil
}

// holds reports whether the number is within.
func (r Range) holds(number int) bool { return number >= r.From && number <= r.To }

func anyHolds(ranges []Range, number int) bool {
	for _, r := range ranges {
		if r.holds(number) {
			return true
		}
	}
	return false
}

// Size is a number of bytes: 500000, 900KB, 1MB.
type Size int64

// UnmarshalText reads it.
func (s *Size) UnmarshalText(text []byte) error {
	word, unit := strings.TrimSpace(string(text)), int64(1)
	for suffix, factor := range map[string]int64{"KB": 1000, "MB": 1000 * 1000, "KiB": 1 << 10, "MiB": 1 << 20} {
		if number, found := strings.CutSuffix(word, suffix); found {
			word, unit = strings.TrimSpace(number), factor
			break
		}
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 1 || n > 1<<32/unit {
		return errors.New("expected a number of bytes such as 500000, 900KB or 1MB")
	}
	*s = Size(n * unit)
	return nil
}

func (s Size) String() string { return fmt.Sprintf("%d bytes", int64(s)) }
