package mapping

import (
	"errors"
	"time"
	_ "time/tzdata" // zones must mean the same on every machine, also where none are installed

	"landfall/internal/record"
)

// loadZone refuses "Local", whose meaning depends on the machine.
func loadZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New("depends on the machine")
	}
	return time.LoadLocation(name)
}

// instant reads a wall clock (given as UTC) in a zone. An hour that the clocks
// leave out in spring does not exist; of the hour that they go through twice in
// autumn the first is meant.
func instant(wall time.Time, zone *time.Location) (time.Time, bool) {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	if !sameClock(t, wall) {
		return t, false
	}
	if start, _ := t.ZoneBounds(); !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		_, now := t.Zone()
		earlier := t.Add(time.Duration(now-before) * time.Second)
		if earlier.Before(t) && sameClock(earlier, wall) {
			return earlier, true
		}
	}
	return t, true
}

func sameClock(t, wall time.Time) bool {
	return t.Day() == wall.Day() && t.Hour() == wall.Hour() && t.Minute() == wall.Minute() && t.Second() == wall.Second()
}

// settle makes wall clocks instants, and instants wall clocks where the target
// keeps no zone.
func settle(zone *time.Location, target record.Kind) func(record.Value) (record.Value, *record.Misfit) {
	anything := record.Type{Kind: record.KindTimestamp, Fraction: 9}
	zoned := record.Type{Kind: record.KindTimestampTZ, Fraction: 9}
	return func(v record.Value) (record.Value, *record.Misfit) {
		if v.Kind() == record.KindText && (target == record.KindTimestampTZ || target == record.KindTimestamp) {
			// What is neither is left for the target's type to refuse.
			if wall, misfit := anything.Fit(v); misfit == nil {
				v = wall
			} else if at, misfit := zoned.Fit(v); misfit == nil {
				v = at
			}
		}
		switch v.Kind() {
		case record.KindTimestampTZ:
			if target == record.KindTimestamp || target == record.KindDate {
				return record.Timestamp(v.Time().In(zone)), nil
			}
		case record.KindDate, record.KindTimestamp:
			if target == record.KindTimestamp || target == record.KindDate || (v.Kind() == record.KindDate && target != record.KindTimestampTZ) {
				return v, nil
			}
			t, exists := instant(v.Time(), zone)
			if !exists {
				return v, &record.Misfit{Code: record.CodeBadDate, Expected: "a time that exists in " + zone.String() + "; the clocks leave this one out"}
			}
			return record.TimestampTZ(t), nil
		}
		return v, nil
	}
}
