package mapping

import (
	"fmt"
	"strconv"
	"time"
)

// Throttle is how gently a connection wants to be treated while records land
// in it. It changes when records land and never what lands, so it is no part of
// what Describe says and may be changed while a run is unfinished.
type Throttle struct {
	RowsPerSecond int           // at most, over all lanes; 0: any number
	Lanes         int           // at most; 0: any number
	PauseWhile    string        // a query: while its first value is true or not zero, nothing lands; may be empty
	PauseOnLag    time.Duration // while a standby is behind by more, nothing lands; 0: never mind
	CheckEvery    time.Duration // how often PauseWhile and PauseOnLag are looked at
	Position      Position

	at places
}

// checkEvery is used where the file does not say how often to look.
const checkEvery = 5 * time.Second

var throttleKeys = []string{"rows_per_second", "lanes", "pause_while", "pause_on_lag", "check_every"}

// PositionOf is where a key's value stands.
func (t *Throttle) PositionOf(key string) Position { return t.at.of(key, 0, t.Position) }

// throttle reads {rows_per_second, lanes, pause_while, pause_on_lag, check_every}.
func (r *reader) throttle(n *Node, subject string) *Throttle {
	if n == nil || !r.mapping(n, subject, throttleKeys, nil, false) {
		return nil
	}
	t := &Throttle{CheckEvery: checkEvery, Position: n.at, at: places{}}
	for _, key := range throttleKeys {
		t.at.set(key, n.get(key))
	}
	if len(n.pairs) == 0 {
		r.refuse(n.at, "", "%s: expected %s, found an empty mapping", subject, alternatives(throttleKeys))
	}
	t.RowsPerSecond = r.count(n.get("rows_per_second"), subject+".rows_per_second")
	t.Lanes = r.count(n.get("lanes"), subject+".lanes")
	t.PauseWhile = r.optional(n, "pause_while", subject)
	t.PauseOnLag = r.duration(n.get("pause_on_lag"), subject+".pause_on_lag", 0)
	t.CheckEvery = r.duration(n.get("check_every"), subject+".check_every", checkEvery)
	if at := n.get("check_every"); at != nil && n.get("pause_while") == nil && n.get("pause_on_lag") == nil {
		r.refuse(at.at, "", "%s.check_every: there is nothing to check without pause_while or pause_on_lag", subject)
	}
	return t
}

// count is a whole number from 1; 0 where nothing is written.
func (r *reader) count(n *Node, subject string) int {
	if n == nil {
		return 0
	}
	text, ok := r.scalar(n, subject)
	number, err := strconv.Atoi(text)
	if ok && (err != nil || number < 1 || number > 1_000_000_000) {
		r.refuse(n.at, "", "%s: expected a whole number from 1 to 1000000000, found %q", subject, text)
	}
	return number
}

// duration is a time such as 10s, within bounds that tell a typing mistake from
// a wish.
func (r *reader) duration(n *Node, subject string, otherwise time.Duration) time.Duration {
	if n == nil {
		return otherwise
	}
	const shortest, longest = 100 * time.Millisecond, 24 * time.Hour
	text, ok := r.scalar(n, subject)
	duration, err := time.ParseDuration(text)
	if ok && (err != nil || duration < shortest || duration > longest) {
		r.refuse(n.at, "", "%s: expected a duration from %s to %s such as 500ms, 10s or 2m, found %q", subject, shortest, fmt.Sprintf("%.0fh", longest.Hours()), text)
	}
	return duration
}
