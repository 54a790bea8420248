package caller

import (
	"fmt"
	"sync"

	"landfall/internal/target"
)

// breaker opens after so many denials in a row, and stays open: wrong
// credentials do not get better, and an account may be locked for them.
type breaker struct {
	most int

	mu   sync.Mutex
	row  int
	down error
}

func (b *breaker) open() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.down
}

// denied counts, and returns the error with which everything ends.
func (b *breaker) denied(what, why string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return b.down
	}
	if b.row++; b.row < b.most {
		return nil
	}
	times := "once"
	if b.row > 1 {
		times = fmt.Sprintf("%d times in a row", b.row)
	}
	b.down = fmt.Errorf("%w: %s was refused %s (%s): check the credentials in `auth`, what this client may do, and the url", target.ErrDenied, what, times, why)
	return b.down
}

func (b *breaker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row = 0
}

// open returns the error with which everything has ended; nil: it has not.
func (c *Caller) open() error {
	if err := c.breaker.open(); err != nil {
		return err
	}
	return c.within.open()
}

// DeniedWithin counts an answer that came and let none of its records through, and
// returns the error with which everything ends when there were too many in a row.
func (c *Caller) DeniedWithin(what, why string) error {
	return c.within.denied(what+" at "+c.url.Host, why)
}

// LetThrough ends a row of such answers.
func (c *Caller) LetThrough() { c.within.close() }
