package target

import "sync"

// cleanBatches is how many batches in a row must land without a refusal before
// an entity goes the straight way again: a straight copy that is refused in
// every batch costs more than the careful way and leaves dead rows.
const cleanBatches = 10

// Pace remembers which way an entity goes. The zero Pace goes straight.
// Lanes of one entity share it.
type Pace struct {
	mu      sync.Mutex
	careful int
}

// Careful reports whether the next batch should go the careful way.
func (p *Pace) Careful() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.careful > 0
}

// Landed takes note of a committed batch.
func (p *Pace) Landed(refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case refused:
		p.careful = cleanBatches
	case p.careful > 0:
		p.careful--
	}
}
