package guard

import (
	"math"
	"sync"
	"time"
)

// durations are how long batches took, so many for each step of a scale on
// which a step is a twentieth: however many there were, they take the same
// room, and what is told of them is at most that much too long.
type durations struct {
	mu    sync.Mutex
	steps [400]int64 // from a millisecond to days
	total int64
}

const stepRatio = 1.05

func (d *durations) add(took time.Duration) {
	step := 0
	if took > time.Millisecond {
		step = int(math.Ceil(math.Log(float64(took)/float64(time.Millisecond)) / math.Log(stepRatio)))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps[min(step, len(d.steps)-1)]++
	d.total++
}

// p99 is a time within which 99 in 100 batches were done; 0 while there was none.
func (d *durations) p99() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	within := int64(0)
	for step, n := range d.steps {
		if within += n; d.total > 0 && within*100 >= d.total*99 {
			return time.Duration(float64(time.Millisecond) * math.Pow(stepRatio, float64(step)))
		}
	}
	return 0
}
