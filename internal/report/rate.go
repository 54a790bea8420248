package report

import (
	"time"

	"landfall/internal/run"
)

// rate tells records per second and what is left to wait, over this session of
// the run alone: records of earlier sessions cost this one nothing, and neither
// the time to read them again nor a pause for the target says how fast records
// land.
type rate struct {
	since  time.Time
	from   int64
	paused time.Time // when it was last said that records wait for the target
}

// note takes every event before anything is asked about it.
func (r *rate) note(e run.Event) {
	if !r.paused.IsZero() {
		r.since = r.since.Add(e.Time.Sub(r.paused))
		r.paused = time.Time{}
	}
	switch e.Kind {
	case run.EventEntityStarted, run.EventScanning:
		r.since, r.from = e.Time, e.Read
	case run.EventPaused:
		r.paused = e.Time
	}
}

func (r *rate) perSecond(e run.Event) float64 {
	seconds := e.Time.Sub(r.since).Seconds()
	if r.since.IsZero() || seconds <= 0 {
		return 0
	}
	return float64(e.Read-r.from) / seconds
}

// left is the time until the end at the present rate; negative when unknown.
func (r *rate) left(e run.Event) time.Duration {
	speed := r.perSecond(e)
	if speed <= 0 {
		return -1
	}
	switch {
	case e.Total >= 0:
		return time.Duration(float64(e.Total-e.Read) / speed * float64(time.Second))
	case e.Percent > 0:
		total := float64(e.Read) * 100 / e.Percent
		return time.Duration((total - float64(e.Read)) / speed * float64(time.Second))
	}
	return -1
}
