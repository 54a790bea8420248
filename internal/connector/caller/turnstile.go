package caller

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// turnstile lets calls through one by one, as fast as the rate allows. There is
// one for all who call an API. It is a token bucket, so that in any second no
// more than rate + burst pass, with two things more: whoever waits does so one
// behind the other, so that a slower rate and a pause hold for all but nobody's
// turn is promised beforehand; and the rate falls when the API throttles.
type turnstile struct {
	turn     chan struct{} // held by whoever is next
	full     rate.Limit    // as the limits say; rate.Inf without one
	patience time.Duration // the longest pause that is waited for

	mu      sync.Mutex
	bucket  *rate.Limiter // of turns
	door    *rate.Limiter // of requests that leave, see leave
	until   time.Time     // nobody passes before; the API asked for it
	cut     time.Time     // when the rate last fell
	ceiling rate.Limit
	passed  int       // since counted
	counted time.Time // begin of the second that is counted
	before  int       // passed in the second before
	waiting func(wait time.Duration, paused bool)
}

// How the rate follows the API: it is halved at most once for the calls that
// were out together, and each answered call brings a little of it back, so that
// it recovers within some 25 calls.
const (
	cutTo       = 0.5
	recovery    = 1.03
	lowestShare = 1.0 / 64
	lowestRate  = 0.1
)

func newTurnstile(limits Limits, waiting func(time.Duration, bool)) *turnstile {
	full := rate.Inf
	if limits.Rate > 0 {
		full = rate.Limit(limits.Rate)
	}
	return &turnstile{turn: make(chan struct{}, 1), full: full, patience: limits.Patience, ceiling: full, bucket: rate.NewLimiter(full, limits.Burst), door: rate.NewLimiter(full, limits.Burst), waiting: waiting}
}

// pass returns when a call may be made.
func (t *turnstile) pass(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := t.sitOut(ctx); err != nil {
		return err
	}
	reserved := t.bucket.Reserve()
	if wait := reserved.Delay(); wait > 0 {
		t.waiting(wait, false)
		if err := sleep(ctx, wait); err != nil {
			reserved.Cancel()
			return err
		}
	}
	if err := t.sitOut(ctx); err != nil {
		return err
	}
	t.count()
	return nil
}

// leave returns when a request may be put on its connection. Turns come as fast as
// the rate allows, and so do requests, unless connections took their time to be
// there: then those of several turns would leave together.
func (t *turnstile) leave(ctx context.Context) error {
	if err := t.sitOut(ctx); err != nil {
		return err
	}
	reserved := t.door.Reserve()
	if err := sleep(ctx, reserved.Delay()); err != nil {
		reserved.Cancel()
		return err
	}
	return nil
}

// setLimit makes all go at another rate. It is called with the lock held.
func (t *turnstile) setLimit(limit rate.Limit) {
	t.bucket.SetLimit(limit)
	t.door.SetLimit(limit)
}

// sitOut waits for the end of a pause, also of one that is prolonged meanwhile; one
// that is longer than patience lasts is an error.
func (t *turnstile) sitOut(ctx context.Context) error {
	for {
		t.mu.Lock()
		wait := time.Until(t.until)
		t.mu.Unlock()
		if wait <= 0 {
			return nil
		}
		if wait > t.patience {
			return tooLong(wait, t.patience)
		}
		t.waiting(wait, true)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (t *turnstile) count() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch since := time.Since(t.counted); {
	case since >= 2*time.Second:
		t.counted, t.before, t.passed = time.Now(), 0, 0
	case since >= time.Second:
		t.counted, t.before, t.passed = time.Now(), t.passed, 0
	}
	t.passed++
}

// shortest is the least time of which a pace is made: the first calls of a run
// leave together, and say little about a second.
const shortest = 100 * time.Millisecond

// pace is how many calls have passed in a second lately, at least one. The
// second that is counted has only begun, so what it has passed is taken by the
// time that it took: otherwise the first calls of a fast run would look slow.
func (t *turnstile) pace() rate.Limit {
	since := max(time.Since(t.counted), shortest)
	return rate.Limit(max(float64(t.passed)/since.Seconds(), float64(t.before), 1))
}

// tooLong says of a pause that it is not waited for.
func tooLong(pause, patience time.Duration) error {
	return fmt.Errorf("the API asks for a pause of %s, which is longer than `patience` (%s): run again after it", pause.Round(time.Second), patience)
}

// hold lets nobody pass for as long as the API asks.
func (t *turnstile) hold(pause time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := time.Now().Add(pause); pause > 0 && until.After(t.until) {
		t.until = until
	}
}

// throttled slows down, once for all calls that were sent before the last time.
func (t *turnstile) throttled(sent time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sent.Before(t.cut) {
		return
	}
	t.cut = time.Now()
	from := t.bucket.Limit()
	if from == rate.Inf { // what went through shows what may be too much
		from = t.pace()
		t.ceiling = from * 4
	}
	lowest := rate.Limit(lowestRate)
	if t.full != rate.Inf {
		lowest = t.full * lowestShare
	}
	t.setLimit(max(from*cutTo, lowest))
}

// answered gives a little of the rate back.
func (t *turnstile) answered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.bucket.Limit()
	if now == t.full {
		return
	}
	if now *= recovery; now >= t.ceiling {
		now, t.ceiling = t.full, t.full
	}
	t.setLimit(now)
}

// slowed reports whether the rate is below what it may be.
func (t *turnstile) slowed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bucket.Limit() != t.full
}

func sleep(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
