package reconcile

import "encoding/json"

// place is how far an entity is: the last batch that was noted, and the steps
// after the last batch that are done.
type place struct {
	Slice   int      `json:"slice"`
	Ordinal int64    `json:"ordinal"`
	Read    bool     `json:"read,omitempty"` // the source, to its end
	Steps   []string `json:"steps,omitempty"`
	Mark    string   `json:"mark"`           // of the process that notes
	Sums    sums     `json:"sums,omitempty"` // what totals come to so far
}

func placeOf(text string) place {
	var p place
	_ = json.Unmarshal([]byte(text), &p) // the books say it; a place that cannot be read is the start
	return p
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
