package run

import (
	"testing"
	"time"
)

// target answers a steering's batches of 1,000 records: speed says how many
// records a second so many lanes land.
type fakeTarget struct {
	now    time.Time
	speed  func(lanes int) float64
	locked bool
	most   int // lanes seen
}

func (f *fakeTarget) land(s *steering, batches int) {
	for range batches {
		lanes := s.lanes
		f.most = max(f.most, lanes)
		each := time.Duration(1000 / f.speed(lanes) * float64(time.Second))
		f.now = f.now.Add(each)
		s.landed(measured{at: f.now, records: 1000, took: each * time.Duration(lanes), locked: f.locked})
	}
}

func steered(least, most int, speed func(lanes int) float64) (*steering, *fakeTarget) {
	return newSteering(least, most), &fakeTarget{now: time.Unix(1e9, 0), speed: speed}
}

func TestSteering(t *testing.T) {
	linear := func(lanes int) float64 { return 1000 * float64(lanes) }
	flat := func(int) float64 { return 1000 }
	for name, c := range map[string]struct {
		least, most int
		speed       func(int) float64
		first, want int
	}{
		"grows while it gains":            {1, 6, linear, 2, 6},
		"grows no farther than it gains":  {1, 6, func(lanes int) float64 { return 1000 * float64(min(lanes, 3)) }, 2, 3},
		"stays where more is no use":      {1, 6, flat, 2, 2},
		"one lane alone":                  {1, 1, linear, 1, 1},
		"fixed, however fast":             {5, 5, linear, 5, 5},
		"fixed, however slow":             {5, 5, flat, 5, 5},
		"fewer at most than at the start": {1, 1, flat, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, target := steered(c.least, c.most, c.speed)
			if s.lanes != c.first {
				t.Errorf("starts with %d lanes, not %d", s.lanes, c.first)
			}
			for range 60 {
				target.land(s, 10)
				if s.lanes < c.least || s.lanes > c.most {
					t.Fatalf("%d lanes, of %d to %d", s.lanes, c.least, c.most)
				}
			}
			// A lane more may be on trial just now.
			if s.lanes != c.want && (s.moved <= 0 || s.lanes != c.want+1) {
				t.Errorf("%d lanes at last, wanted %d", s.lanes, c.want)
			}
		})
	}
}

// TestSteeringTriesRarely: a lane that is no use is not hired again and again.
func TestSteeringTriesRarely(t *testing.T) {
	s, target := steered(1, 6, func(int) float64 { return 1000 })
	above, batches := 0, 600
	for range batches {
		target.land(s, 1)
		if s.lanes > lanesAtFirst {
			above++
		}
	}
	if above > batches/4 || target.most > lanesAtFirst+1 {
		t.Errorf("%d of %d batches with a lane that is no use, %d lanes at most", above, batches, target.most)
	}
}

func TestSteeringLocks(t *testing.T) {
	s, target := steered(1, 6, func(lanes int) float64 { return 1000 * float64(lanes) })
	target.land(s, 200)
	if s.lanes != 6 {
		t.Fatalf("%d lanes", s.lanes)
	}
	target.locked = true
	target.land(s, 300)
	if s.lanes != 1 {
		t.Errorf("%d lanes that wait for each other", s.lanes)
	}
	target.locked = false
	target.land(s, 600)
	if s.lanes != 6 {
		t.Errorf("%d lanes when nobody waits any more", s.lanes)
	}
}

// TestSteeringSlowTarget: batches that take longer without landing more in all
// cost a lane.
func TestSteeringSlowTarget(t *testing.T) {
	capacity := 4000.0
	s, target := steered(1, 4, func(lanes int) float64 { return min(1000*float64(lanes), capacity) })
	target.land(s, 200)
	if s.lanes != 4 {
		t.Fatalf("%d lanes", s.lanes)
	}
	capacity = 900
	target.land(s, 200)
	if s.lanes > 2 {
		t.Errorf("%d lanes on a target that has become slow", s.lanes)
	}
}

func TestSteeringPause(t *testing.T) {
	s, target := steered(1, 4, func(lanes int) float64 { return 1000 * float64(lanes) })
	for range 100 {
		target.land(s, 2)
		s.pause()
		target.now = target.now.Add(time.Hour)
	}
	if s.lanes != lanesAtFirst || s.before != 0 {
		t.Errorf("judged over pauses: %d lanes, %f records/s", s.lanes, s.before)
	}
	s.limit(1)
	target.land(s, 50)
	if s.lanes != 1 {
		t.Errorf("%d lanes where there is a connection for one", s.lanes)
	}
}
