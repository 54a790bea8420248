package mapping

import (
	"fmt"
	"strings"
	"time"
)

// layout is one way of writing a date, as Go spells it.
type layout struct {
	text  string
	clock bool // holds a time of day
	zone  bool // holds an offset from Greenwich
}

// newLayout finds out what a layout holds by writing times that differ.
func newLayout(text string) layout {
	at := time.Date(2006, 3, 14, 4, 0, 0, 0, time.UTC)
	return layout{
		text:  text,
		clock: at.Format(text) != at.Add(13*time.Hour).Format(text),
		zone:  at.Format(text) != at.In(time.FixedZone("", 5*3600)).Add(-5*time.Hour).Format(text),
	}
}

// judgeLayout says why a text is no layout of a day, and what was meant.
func judgeLayout(text string) (reason, near string) {
	if strings.Contains(text, "MST") {
		return "names zones by letters, which are not unique; use an offset (-0700) or zone", ""
	}
	at := time.Date(2003, 3, 14, 12, 0, 0, 0, time.UTC)
	year := at.Format(text) != at.AddDate(1, 0, -1).Format(text) // 13 March 2004 is the 73rd day, too
	month := at.Format(text) != at.AddDate(0, 1, 0).Format(text)
	day := at.Format(text) != at.AddDate(0, 0, 7).Format(text) // the same weekday
	if year && month && day {
		return "", ""
	}
	reason = "is not a layout of a day: write 2 January 2006, 15:04:05, the way the source writes dates"
	if near = guessLayout(text); near == "" {
		reason += `, such as "02/01/2006"`
	}
	return reason, near
}

// guessLayout translates the letters that other programs use.
func guessLayout(text string) string {
	guess := strings.NewReplacer(
		"yyyy", "2006", "YYYY", "2006", "%Y", "2006", "yy", "06", "YY", "06", "%y", "06",
		"MMM", "Jan", "MM", "01", "%m", "01", "dd", "02", "DD", "02", "%d", "02",
		"HH", "15", "hh24", "15", "HH24", "15", "hh", "15", "%H", "15", "mm", "04", "mi", "04", "MI", "04", "%M", "04",
		"ss", "05", "SS", "05", "%S", "05",
	).Replace(text)
	if guess == text {
		return ""
	}
	if reason, _ := judgeLayout(guess); reason != "" {
		return ""
	}
	return guess
}

// layouts tries several ways in order.
type layouts struct {
	list     []layout
	clock    bool // one of them holds a time of day
	expected string
}

func newLayouts(texts []string) *layouts {
	l := &layouts{}
	for _, text := range texts {
		one := newLayout(text)
		l.list = append(l.list, one)
		l.clock = l.clock || one.clock || one.zone
	}
	l.expected = fmt.Sprintf("a date written %s", alternatives(spoken(texts)))
	return l
}

// spoken writes layouts in letters that people know, for messages: who meets a
// rejected date need not know how Go spells layouts.
func spoken(texts []string) []string {
	words := strings.NewReplacer(
		"2006", "yyyy", "January", "month", "Jan", "mon", "Monday", "weekday", "Mon", "day of the week",
		"01", "mm", "02", "dd", "15", "hh", "03", "hh", "04", "mi", "05", "ss", "06", "yy", "_2", "d",
		"Z07:00", "+hh:mm", "-07:00", "+hh:mm", "-0700", "+hhmm", "PM", "am/pm",
		"1", "m", "2", "d", "3", "h", "4", "mi", "5", "s",
	)
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = words.Replace(text)
	}
	return out
}

// parse reads text in the first layout that it fits.
func (l *layouts) parse(text string) (t time.Time, zoned, ok bool) {
	for i := range l.list {
		if t, err := time.Parse(l.list[i].text, text); err == nil {
			return t, l.list[i].zone, true
		}
	}
	return time.Time{}, false, false
}
