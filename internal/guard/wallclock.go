package guard

import "time"

// instants are the moments at which a zone's clocks show a wall clock, given as
// UTC: the first and the last of them. In autumn an hour is gone through twice;
// in spring one is left out, and then both are the moment at which clocks jump
// over it.
func instants(wall time.Time, zone *time.Location) (first, last time.Time) {
	found := false
	for _, around := range []time.Duration{-day, 0, day} {
		_, offset := wall.Add(around).In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if _, own := at.In(zone).Zone(); own != offset {
			continue
		}
		if !found || at.Before(first) {
			first = at
		}
		if !found || at.After(last) {
			last = at
		}
		found = true
	}
	if !found {
		// By the clocks before the jump the moment is behind it.
		_, before := wall.Add(-day).In(zone).Zone()
		jump, _ := wall.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
		first, last = jump, jump
	}
	return first.UTC(), last.UTC()
}

const day = 24 * time.Hour
