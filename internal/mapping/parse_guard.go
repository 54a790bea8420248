package mapping

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	guardKeys    = []string{"window", "blackout", "backup", "approval"}
	windowKeys   = []string{"days", "from", "to", "zone", "allow"}
	blackoutKeys = []string{"from", "to", "zone"}
	backupKeys   = []string{"query", "command", "no_older_than"}
	dayNames     = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // as time.Weekday counts
	allowed      = []string{AllowIndexes}
)

// guard reads {window, blackout, backup, approval} of a production connection.
func (r *reader) guard(c *Connection, n *Node, subject string) *Guard {
	if n == nil || !r.mapping(n, subject, guardKeys, nil, false) {
		return nil
	}
	if len(n.pairs) == 0 {
		r.refuse(n.at, "", "%s: expected %s, found an empty mapping", subject, alternatives(guardKeys))
	}
	if c.Environment != Production {
		r.refuse(n.at, "", "%s: only a connection with `environment: production` is guarded", subject)
	}
	g := &Guard{Position: n.at, at: places{}}
	for _, key := range guardKeys {
		g.at.set(key, n.get(key))
	}
	for _, item := range several(n.get("window")) {
		if w, ok := r.window(item, subject+".window"); ok {
			g.Windows = append(g.Windows, w)
		}
	}
	for _, item := range several(n.get("blackout")) {
		if b, ok := r.blackout(item, subject+".blackout"); ok {
			g.Blackouts = append(g.Blackouts, b)
		}
	}
	g.Backup = r.backup(n.get("backup"), subject+".backup")
	if approval := n.get("approval"); approval != nil {
		g.Approval = r.choice(approval, subject+".approval", []string{ApprovalOther}, nil) == ApprovalOther
	}
	return g
}

// several are the items of a list, or what stands in its place.
func several(n *Node) []*Node {
	switch {
	case n == nil:
		return nil
	case n.kind == nodeList && len(n.items) > 0:
		return n.items
	}
	return []*Node{n}
}

func (r *reader) window(n *Node, subject string) (w Window, ok bool) {
	if !r.mapping(n, subject, windowKeys, nil, false) {
		return w, false
	}
	before := len(r.problems)
	r.require(n, subject, "from", "to", "zone")
	w.Position = n.at
	if days := n.get("days"); days != nil {
		names, places := r.words(days, subject+".days")
		for i, name := range names {
			day := slices.Index(dayNames, name)
			if day < 0 {
				r.refuse(places[i], Near(name, dayNames), "%s.days: expected %s, found %q", subject, alternatives(dayNames), name)
				continue
			}
			w.Days = append(w.Days, time.Weekday(day))
		}
	}
	w.From, w.To = r.timeOfDay(n.get("from"), subject+".from", false), r.timeOfDay(n.get("to"), subject+".to", true)
	w.Zone = r.zone(n.get("zone"), subject+".zone")
	if allow := n.get("allow"); allow != nil {
		names, places := r.words(allow, subject+".allow")
		for i, name := range names {
			if !slices.Contains(allowed, name) {
				r.refuse(places[i], Near(name, allowed), "%s.allow: expected %s, found %q", subject, alternatives(allowed), name)
			}
		}
		w.Allow = names
	}
	if len(r.problems) == before && w.From == w.To {
		r.refuse(n.at, "", "%s: it ends when it begins; 00:00 to 24:00 is a whole day", subject)
	}
	return w, len(r.problems) == before
}

// timeOfDay reads 22:00; midnight at the end of a day is 24:00.
func (r *reader) timeOfDay(n *Node, subject string, end bool) time.Duration {
	if n == nil {
		return 0
	}
	text, ok := r.scalar(n, subject)
	if ok && end && text == "24:00" {
		return 24 * time.Hour
	}
	t, err := time.Parse("15:04", text)
	if ok && (err != nil || len(text) != len("15:04")) {
		r.refuse(n.at, "", "%s: expected a time of day such as 05:00 or 22:30, found %q", subject, text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func (r *reader) zone(n *Node, subject string) *time.Location {
	if n == nil {
		return time.UTC
	}
	name := r.word(n, subject)
	zone, err := loadZone(name)
	if err != nil && name != "" {
		r.refuse(n.at, "", "%s: unknown zone %q, expected a name like Europe/Berlin or UTC", subject, name)
		return time.UTC
	}
	return zone
}

func (r *reader) blackout(n *Node, subject string) (b Blackout, ok bool) {
	if !r.mapping(n, subject, blackoutKeys, nil, false) {
		return b, false
	}
	before := len(r.problems)
	r.require(n, subject, blackoutKeys...)
	b = Blackout{
		From: r.wallClock(n.get("from"), subject+".from"), To: r.wallClock(n.get("to"), subject+".to"),
		Zone: r.zone(n.get("zone"), subject+".zone"), Position: n.at,
	}
	if len(r.problems) == before && !b.From.Before(b.To) {
		r.refuse(n.at, "", "%s: it ends before it begins", subject)
	}
	return b, len(r.problems) == before
}

// wallClock reads a day, or a day and a time.
func (r *reader) wallClock(n *Node, subject string) time.Time {
	if n == nil {
		return time.Time{}
	}
	text, ok := r.scalar(n, subject)
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	if ok {
		r.refuse(n.at, "", "%s: expected a time such as 2026-12-24 18:00, found %q", subject, text)
	}
	return time.Time{}
}

func (r *reader) backup(n *Node, subject string) *Backup {
	if n == nil || !r.mapping(n, subject, backupKeys, nil, false) {
		return nil
	}
	r.require(n, subject, "no_older_than")
	b := &Backup{Query: r.optional(n, "query", subject), Position: n.at}
	if command := n.get("command"); command != nil {
		b.Command, _ = r.words(command, subject+".command")
	}
	if (n.get("query") == nil) == (n.get("command") == nil) {
		r.refuse(n.at, "", "%s: expected one of query and command", subject)
	}
	if age := n.get("no_older_than"); age != nil {
		text, ok := r.scalar(age, subject+".no_older_than")
		b.Age = text
		var err error
		const oldest = 366 * 24 * time.Hour
		if b.NoOlderThan, err = parseAge(text); ok && (err != nil || b.NoOlderThan < time.Minute || b.NoOlderThan > oldest) {
			r.refuse(age.at, "", "%s.no_older_than: expected a time from 1m to %dd such as 90m, 24h or 7d, found %q", subject, oldest/(24*time.Hour), text)
		}
	}
	return b
}

// parseAge reads a duration, which may be in days.
func parseAge(text string) (time.Duration, error) {
	if days, found := strings.CutSuffix(text, "d"); found {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}
