package reconcile

import (
	"encoding/json"
	"time"
)

// place is how far an entity is: the last batch that was noted, and the steps
// after the last batch that are done.
type place struct {
	Slice   int      `json:"slice"`
	Ordinal int64    `json:"ordinal"`
	Read    bool     `json:"read,omitempty"` // the source, to its end
	Steps   []string `json:"steps,omitempty"`
	Mark    string   `json:"mark"`           // of the process that notes
	Sums    sums     `json:"sums,omitempty"` // what totals come to so far

	// Times are UTC, by the server's clock.
	Since   string `json:"since,omitempty"`   // when it was first looked at the entity
	Noted   string `json:"noted,omitempty"`   // when something was noted last
	Earlier string `json:"earlier,omitempty"` // since, where part of it was looked at before this session
}

func placeOf(text string) place {
	var p place
	_ = json.Unmarshal([]byte(text), &p) // the books say it; a place that cannot be read is the start
	return p
}

// goneOnWith is the place of somebody who goes on where another session stopped.
func (p place) goneOnWith() place {
	if p.Earlier == "" {
		p.Earlier = p.Since
	}
	return p
}

// timeForm is how the books write times.
const timeForm = "2006-01-02T15:04:05.000Z"

// clock tells the server's time.
type clock struct{ ahead time.Duration }

// clockOf is that of a server that has just told its time.
func clockOf(told string) (clock, error) {
	now, err := time.Parse(timeForm, told)
	return clock{time.Until(now)}, err
}

func (c clock) now() string { return time.Now().Add(c.ahead).UTC().Format(timeForm) }

// since is how long ago a time was; one that cannot be read was long ago.
func (c clock) since(text string) time.Duration {
	at, err := time.Parse(timeForm, text)
	if err != nil {
		return 1 << 62
	}
	return time.Since(at) + c.ahead
}

// by is the place with the mark of the process that notes from now on.
func (p place) by(mark string) place {
	p.Mark = mark
	return p
}

// String is the form that the books keep.
func (p place) String() string {
	text, _ := json.Marshal(p) // numbers and texts always marshal
	return string(text)
}

// passed reports whether a batch was noted before.
func (p place) passed(slice int, ordinal int64) bool {
	return p.Read || slice < p.Slice || slice == p.Slice && ordinal <= p.Ordinal
}
