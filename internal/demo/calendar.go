package demo

import "fmt"

// day is a date that exists: the day of the month never passes 28.
type day struct{ year, month, day int }

func (d *dice) day(from, years int) day {
	return day{from + d.below(years), 1 + d.below(12), 1 + d.below(28)}
}

func (d day) iso() string      { return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day) }
func (d day) european() string { return fmt.Sprintf("%02d/%02d/%04d", d.day, d.month, d.year) }

// typed writes a date in one of the ways that the legacy system let through.
func (d day) typed(by *dice) string {
	switch roll := by.below(100); {
	case roll < 70:
		return d.european()
	case roll < 92:
		return d.iso()
	default:
		return fmt.Sprintf("%d %s %d", d.day, months[d.month-1], d.year)
	}
}
