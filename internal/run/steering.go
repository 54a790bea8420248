package run

import "time"

// steering chooses how many lanes land an entity's batches, from nothing but
// what the target answered. It adds a lane as long as that makes more records
// a second, and takes one away when it does not, when batches take longer for
// nothing, or when lanes wait for locks. It never touches the batches.
type steering struct {
	least, most int
	lanes       int

	skip   int // batches that were begun under another number of lanes
	window window
	before float64 // records a second in the window before; 0 when there was none
	took   float64 // the least seconds a record took with this number of lanes; 0 when there is none
	moved  int     // what was changed before the window: 1, -1 or 0 lanes
	rest   int     // windows to leave things as they are
}

// measured is one batch that has landed.
type measured struct {
	at      time.Time // when it was committed
	records int
	took    time.Duration // from its transaction's begin to its commit, all tries included
	locked  bool          // it, or one beside it, waited for locks in vain
}

// window is the batches that are judged together.
type window struct {
	since   time.Time
	batches int
	records int
	took    time.Duration
	locked  bool
}

// How steering judges.
const (
	lanesAtFirst   = 2
	batchesPerLane = 3    // in a window
	gain           = 1.05 // less than this is noise
	loss           = 0.90
	slower         = 1.5 // batches take longer
	restWindows    = 8   // after a lane that was no use, before one is tried again
)

// newSteering starts with few lanes; least and most alike fix the number.
func newSteering(least, most int) *steering {
	return &steering{least: least, most: most, lanes: min(max(least, lanesAtFirst), most)}
}

// landed takes note of a batch and says how many lanes there should be.
func (s *steering) landed(m measured) int {
	if s.least == s.most {
		return s.lanes
	}
	w := &s.window
	w.locked = w.locked || m.locked
	if s.skip > 0 || w.since.IsZero() {
		s.skip = max(0, s.skip-1)
		w.since = m.at
		return s.lanes
	}
	w.batches, w.records, w.took = w.batches+1, w.records+m.records, w.took+m.took
	elapsed := m.at.Sub(w.since).Seconds()
	if w.batches < batchesPerLane*s.lanes || elapsed <= 0 || w.records == 0 {
		return s.lanes
	}
	s.judge(float64(w.records)/elapsed, w.took.Seconds()/float64(w.records), w.locked)
	s.window = window{since: m.at}
	return s.lanes
}

// judge decides at the end of a window.
func (s *steering) judge(speed, took float64, locked bool) {
	before, moved := s.before, s.moved
	s.before, s.moved = speed, 0
	if s.took == 0 || took < s.took {
		s.took = took
	}
	switch {
	case locked:
		s.change(-1, restWindows)
	case moved > 0 && speed < before*gain:
		s.change(-1, restWindows)
	case moved < 0 && speed < before*loss:
		s.change(1, restWindows) // it was missed
	case moved < 0: // see what comes of it
	case s.rest > 0:
		s.rest--
	case before > 0 && moved == 0 && took > s.took*slower && speed < before*gain:
		s.change(-1, 0)
	case s.lanes < s.most:
		s.took = 0 // with more lanes a record may take longer
		s.change(1, 0)
	}
}

func (s *steering) change(by, rest int) {
	lanes := min(max(s.lanes+by, s.least), s.most)
	s.moved, s.rest = lanes-s.lanes, rest
	if s.moved != 0 {
		s.skip = s.lanes
	}
	s.lanes = lanes
}

// limit lowers the most lanes there may be, because there is no connection for
// more.
func (s *steering) limit(most int) {
	s.most = max(1, most)
	s.least, s.lanes = min(s.least, s.most), min(s.lanes, s.most)
}

// pause forgets the window in hand: the time in it was not the target's.
func (s *steering) pause() { s.window = window{locked: s.window.locked} }
