package guard

import (
	"slices"
	"time"

	"landfall/internal/mapping"
)

// calendar says when a target may be written to: inside of one of its windows,
// if it has any, and outside of every blackout. Where clocks leave it open when
// one begins or ends, in the nights in which they are put on or back, the time
// that is open is the shorter one.
type calendar struct {
	windows   []mapping.Window
	blackouts []mapping.Blackout
}

// span is a time from a moment to one that is not part of it.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// spanOf is the window that begins on a day of the zone's calendar.
func spanOf(w *mapping.Window, midnight time.Time) (span, bool) {
	if len(w.Days) > 0 && !slices.Contains(w.Days, midnight.Weekday()) {
		return span{}, false
	}
	to := midnight.Add(w.To)
	if w.To <= w.From {
		to = to.Add(day)
	}
	_, from := instants(midnight.Add(w.From), w.Zone)
	until, _ := instants(to, w.Zone)
	return span{from, until}, from.Before(until)
}

// midnights are the days of a zone's calendar around a moment, as many before
// as a window may last, and some after it.
func midnights(t time.Time, zone *time.Location, after int) []time.Time {
	local := t.In(zone)
	var days []time.Time
	for i := -2; i <= after; i++ {
		days = append(days, time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, time.UTC))
	}
	return days
}

// blackout is the one that holds at a moment.
func (c *calendar) blackout(t time.Time) (span, bool) {
	for _, b := range c.blackouts {
		if s := blackoutSpan(&b); s.holds(t) {
			return s, true
		}
	}
	return span{}, false
}

func blackoutSpan(b *mapping.Blackout) span {
	from, _ := instants(b.From, b.Zone)
	_, to := instants(b.To, b.Zone)
	return span{from, to}
}

// open reports whether the target may be written to at a moment, and until when
// without a break. The zero time means that no end is known.
func (c *calendar) open(t time.Time) (until time.Time, ok bool) {
	if _, dark := c.blackout(t); dark {
		return until, false
	}
	until, ok = c.windowed(t)
	if !ok {
		return until, false
	}
	for i := range c.blackouts {
		if s := blackoutSpan(&c.blackouts[i]); s.from.After(t) && (until.IsZero() || s.from.Before(until)) {
			until = s.from
		}
	}
	return until, true
}

// windowed reports whether a moment is inside of a window, and when the last of
// those ends that follow each other without a break. After two weeks they are
// taken never to end.
func (c *calendar) windowed(t time.Time) (until time.Time, ok bool) {
	if len(c.windows) == 0 {
		return until, true
	}
	until = t
	for again := true; again && until.Sub(t) < 14*day; {
		again = false
		for i := range c.windows {
			for _, midnight := range midnights(until, c.windows[i].Zone, 0) {
				if s, is := spanOf(&c.windows[i], midnight); is && s.holds(until) {
					until, again = s.to, true
				}
			}
		}
	}
	if until.Sub(t) >= 14*day {
		return time.Time{}, true
	}
	return until, until.After(t)
}

// next is when it may be written to again, looking ahead by some months.
func (c *calendar) next(t time.Time) (from time.Time, ok bool) {
	var moments []time.Time
	for i := range c.windows {
		for _, midnight := range midnights(t, c.windows[i].Zone, 400) {
			if s, is := spanOf(&c.windows[i], midnight); is && s.from.After(t) {
				moments = append(moments, s.from)
			}
		}
	}
	for i := range c.blackouts {
		if s := blackoutSpan(&c.blackouts[i]); s.to.After(t) {
			moments = append(moments, s.to)
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	for _, moment := range moments {
		if _, ok := c.open(moment); ok {
			return moment, true
		}
	}
	return time.Time{}, false
}

// allows reports whether a window that holds at a moment allows some work.
func (c *calendar) allows(t time.Time, work string) bool {
	for i := range c.windows {
		if !slices.Contains(c.windows[i].Allow, work) {
			continue
		}
		for _, midnight := range midnights(t, c.windows[i].Zone, 0) {
			if s, is := spanOf(&c.windows[i], midnight); is && s.holds(t) {
				return true
			}
		}
	}
	return false
}
