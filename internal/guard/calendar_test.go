package guard

import (
	"testing"
	"time"

	"landfall/internal/mapping"
)

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func wall(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestInstants: what a clock shows once, twice or never.
func TestInstants(t *testing.T) {
	for _, row := range []struct{ zone, wall, first, last string }{
		{"Europe/Berlin", "2026-11-27 22:00", "2026-11-27T21:00:00Z", "2026-11-27T21:00:00Z"},
		{"Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"}, // left out
		{"Europe/Berlin", "2026-03-29 03:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}, // twice
		{"Europe/Berlin", "2026-10-25 03:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
		{"Australia/Sydney", "2026-10-04 02:15", "2026-10-03T16:00:00Z", "2026-10-03T16:00:00Z"},    // left out, in October
		{"Australia/Sydney", "2026-04-05 02:15", "2026-04-04T15:15:00Z", "2026-04-04T16:15:00Z"},    // twice, in April
		{"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"}, // half an hour
		{"America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z"},   // a day without midnight
		{"UTC", "2026-03-29 02:30", "2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z"},
	} {
		first, last := instants(wall(t, row.wall), zoneOf(t, row.zone))
		if got := first.Format(time.RFC3339) + " " + last.Format(time.RFC3339); got != row.first+" "+row.last {
			t.Errorf("%s in %s: %s, want %s %s", row.wall, row.zone, got, row.first, row.last)
		}
	}
}

func window(zone *time.Location, from, to time.Duration, days ...time.Weekday) mapping.Window {
	return mapping.Window{Days: days, From: from, To: to, Zone: zone}
}

// TestCalendar: windows over midnight, on some days, in the nights in which the
// clocks are put on and back, one behind another, and blackouts.
func TestCalendar(t *testing.T) {
	berlin, sydney := zoneOf(t, "Europe/Berlin"), zoneOf(t, "Australia/Sydney")
	nights := &calendar{windows: []mapping.Window{window(sydney, 22*time.Hour, 5*time.Hour, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)}}
	early := &calendar{windows: []mapping.Window{window(berlin, 2*time.Hour+30*time.Minute, 4*time.Hour)}}
	late := &calendar{windows: []mapping.Window{window(berlin, 22*time.Hour, 2*time.Hour+30*time.Minute)}}
	together := &calendar{windows: []mapping.Window{window(berlin, 20*time.Hour, 24*time.Hour), window(berlin, 0, 6*time.Hour), window(berlin, 5*time.Hour, 7*time.Hour)}}
	dark := &calendar{
		windows:   []mapping.Window{window(berlin, 22*time.Hour, 5*time.Hour)},
		blackouts: []mapping.Blackout{{From: wall(t, "2026-12-24 00:00"), To: wall(t, "2027-01-02 00:00"), Zone: berlin}},
	}
	onlyDark := &calendar{blackouts: []mapping.Blackout{{From: wall(t, "2026-10-25 02:10"), To: wall(t, "2026-10-25 02:20"), Zone: berlin}}}
	always := &calendar{windows: []mapping.Window{window(berlin, 0, 24*time.Hour)}}
	for name, row := range map[string]struct {
		c               *calendar
		at, until, next string // until empty: closed; "-": no end
	}{
		"monday night":                 {nights, "2026-11-30T12:00:00Z", "2026-11-30T18:00:00Z", "2026-12-01T11:00:00Z"},
		"its first moment":             {nights, "2026-11-30T11:00:00Z", "2026-11-30T18:00:00Z", "2026-12-01T11:00:00Z"},
		"its end":                      {nights, "2026-11-30T18:00:00Z", "", "2026-12-01T11:00:00Z"},
		"saturday morning is friday's": {nights, "2026-11-27T15:00:00Z", "2026-11-27T18:00:00Z", "2026-11-30T11:00:00Z"},
		"saturday night is none":       {nights, "2026-11-28T12:00:00Z", "", "2026-11-30T11:00:00Z"},
		"monday morning is sunday's":   {nights, "2026-11-29T15:00:00Z", "", "2026-11-30T11:00:00Z"},
		// 29 March: 02:30 is left out, so the window begins as the clocks jump.
		"put on, before":           {early, "2026-03-29T00:59:59Z", "", "2026-03-29T01:00:00Z"},
		"put on, within":           {early, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-30T00:30:00Z"},
		"put on, ends as it jumps": {late, "2026-03-28T21:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T20:00:00Z"},
		// 25 October: 02:30 comes twice; what begins then begins at the second, what
		// ends then ends at the first.
		"put back, the first time":  {early, "2026-10-25T00:45:00Z", "", "2026-10-25T01:30:00Z"},
		"put back, the second time": {early, "2026-10-25T01:45:00Z", "2026-10-25T03:00:00Z", "2026-10-26T01:30:00Z"},
		"put back, ends early":      {late, "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T21:00:00Z"},
		"put back, is over":         {late, "2026-10-25T00:45:00Z", "", "2026-10-25T21:00:00Z"},
		"one behind another":        {together, "2026-11-27T20:00:00Z", "2026-11-28T06:00:00Z", "2026-11-27T23:00:00Z"},
		"before the blackout":       {dark, "2026-12-23T22:00:00Z", "2026-12-23T23:00:00Z", "2027-01-01T23:00:00Z"},
		"in the blackout":           {dark, "2026-12-26T22:00:00Z", "", "2027-01-01T23:00:00Z"},
		"behind the blackout":       {dark, "2027-01-01T23:00:00Z", "2027-01-02T04:00:00Z", "2027-01-02T21:00:00Z"},
		"no windows":                {onlyDark, "2026-11-27T12:00:00Z", "-", ""},
		"dark twice over":           {onlyDark, "2026-10-25T00:25:00Z", "", "2026-10-25T01:20:00Z"},
		"dark to the second end":    {onlyDark, "2026-10-25T01:15:00Z", "", "2026-10-25T01:20:00Z"},
	} {
		at := moment(t, row.at)
		until, open := row.c.open(at)
		told := ""
		if open {
			told = "-"
			if !until.IsZero() {
				told = until.UTC().Format(time.RFC3339)
			}
		}
		next := ""
		if from, ok := row.c.next(at); ok {
			next = from.UTC().Format(time.RFC3339)
		}
		if told != row.until || next != row.next {
			t.Errorf("%s: open until %q, next %q; want %q, %q", name, told, next, row.until, row.next)
		}
	}
	if until, open := always.open(moment(t, "2026-11-27T12:00:00Z")); !open || !until.IsZero() {
		t.Errorf("whole days on end: open %v until %s", open, until)
	}
}

// TestDurations: 99 in 100 batches were done within what is told, and it is not
// much more.
func TestDurations(t *testing.T) {
	var d durations
	if d.p99() != 0 {
		t.Error("of none:", d.p99())
	}
	for i := 1; i <= 1000; i++ {
		d.add(time.Duration(i) * 10 * time.Millisecond)
	}
	if got := d.p99(); got < 9900*time.Millisecond || got > 9900*time.Millisecond*106/100 {
		t.Error("of 10ms to 10s:", got)
	}
	d.add(1000 * time.Hour)
	if got := d.p99(); got > 11*time.Second {
		t.Error("one that took long:", got)
	}
}
