package guard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// leastLeft is how much time must be left for a batch, however fast the ones
// before it were.
const leastLeft = 5 * time.Second

func (g *Gate) calendar() *calendar {
	return &calendar{windows: g.rules.Windows, blackouts: g.rules.Blackouts}
}

// timely refuses outside of the windows, and when a batch that begins now might
// not be done by the end of one.
func (g *Gate) timely(now time.Time) *Refusal {
	c := g.calendar()
	if s, dark := c.blackout(now); dark {
		return &Refusal{CodeBlackout, fmt.Sprintf("connection %s is not written to from %s until %s", g.rules.Connection, g.local(s.from), g.local(s.to))}
	}
	until, open := c.open(now)
	if !open {
		return &Refusal{CodeWindow, fmt.Sprintf("connection %s is written to in its windows alone, and it is %s%s", g.rules.Connection, g.local(now), g.nextWindow(now))}
	}
	if need := g.needs(); !until.IsZero() && until.Sub(now) < need {
		return &Refusal{CodeWindow, fmt.Sprintf("connection %s is written to until %s, it is %s, and a batch may take %s%s", g.rules.Connection, g.local(until), g.local(now), need.Round(time.Millisecond), g.nextWindow(until))}
	}
	return nil
}

// needs is the time that a batch may take: what 99 in 100 took so far.
func (g *Gate) needs() time.Duration { return max(g.took.p99(), leastLeft) }

func (g *Gate) nextWindow(t time.Time) string {
	next, ok := g.calendar().next(t)
	if !ok {
		return ""
	}
	return "; the next window begins at " + g.local(next)
}

// Hours is when a target may be written to, as seen from a moment.
type Hours struct {
	Bounded  bool   `json:"-"` // there are windows or blackouts
	Open     bool   `json:"open"`
	Blackout bool   `json:"blackout"`
	Until    string `json:"until,omitempty"` // by the rules' clocks: when it closes, or the blackout ends; empty where no end is known
	Next     string `json:"next,omitempty"`  // when it opens again; empty where it does not, or never closes
}

// Hours tells the window that holds at a moment, and the next.
func (g *Gate) Hours(t time.Time) Hours {
	c := g.calendar()
	h := Hours{Bounded: len(c.windows)+len(c.blackouts) > 0}
	until, open := c.open(t)
	if h.Open = open; !open {
		until = t
		var s span
		if s, h.Blackout = c.blackout(t); h.Blackout {
			h.Until = g.local(s.to)
		}
	} else if !until.IsZero() {
		h.Until = g.local(until)
	}
	if until.IsZero() {
		return h
	}
	if next, ok := c.next(until); ok {
		h.Next = g.local(next)
	}
	return h
}

// local writes a moment by the clocks that the rules go by.
func (g *Gate) local(t time.Time) string {
	zone := time.UTC
	switch {
	case len(g.rules.Windows) > 0:
		zone = g.rules.Windows[0].Zone
	case len(g.rules.Blackouts) > 0:
		zone = g.rules.Blackouts[0].Zone
	}
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

// Begins is when a batch's transaction begins, for Took.
func (g *Gate) Begins() time.Time {
	if g.Protects() && g.who.Clock != nil {
		return g.who.Clock()
	}
	return time.Now()
}

// Took takes note that a batch's transaction is committed that had begun then.
func (g *Gate) Took(begun time.Time) {
	if g.Protects() {
		g.took.add(g.Begins().Sub(begun))
	}
}

// Allows refuses work of a kind that a window must allow, such as
// mapping.AllowIndexes, where none that holds now does. Only a connection that
// is not protected allows it without.
func (g *Gate) Allows(ctx context.Context, tx sqldb.Tx, work string) error {
	if !g.Protects() {
		return nil
	}
	now, err := g.now(ctx, tx)
	if err != nil {
		return err
	}
	if g.calendar().allows(now, work) {
		return nil
	}
	if slices.ContainsFunc(g.rules.Windows, func(w mapping.Window) bool { return slices.Contains(w.Allow, work) }) {
		return &Refusal{CodeStep, fmt.Sprintf("no window of connection %s that holds at %s allows %s", g.rules.Connection, g.local(now), work)}
	}
	return &Refusal{CodeStep, fmt.Sprintf("connection %s is production, and none of its windows says `allow: [%s]`", g.rules.Connection, work)}
}

func (g *Gate) now(ctx context.Context, tx sqldb.Tx) (time.Time, error) {
	if g.who.Clock != nil {
		return g.who.Clock().UTC(), nil
	}
	return serverNow(ctx, tx, g.books)
}

// saw keeps the first refusal, for those who wait, and how long work may go on.
func (g *Gate) saw(m *Mode, refusal *Refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal != nil {
		if g.refusal == nil {
			g.refusal = refusal
			close(g.refused)
		}
		return
	}
	g.seenAt, g.endsIn = time.Now(), m.Expires.Sub(m.Now)
	if until, _ := g.calendar().open(m.Now); !until.IsZero() {
		g.endsIn = min(g.endsIn, until.Sub(m.Now)-leastLeft)
	}
}

// Refused is the refusal that Check came to first, nil while there is none, and
// a channel that is closed with it.
func (g *Gate) Refused() (*Refusal, <-chan struct{}) {
	if !g.Protects() {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refusal, g.refused
}

// Watch looks whether the target still accepts writes when, by what Check saw,
// it is about not to: work that waits for something else asks nobody. It returns
// when it does not, or ctx ends. A target that cannot be reached is asked again;
// nothing is written to it meanwhile.
func (g *Gate) Watch(ctx context.Context, open func(context.Context) (sqldb.DB, error)) {
	if !g.Protects() {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.refused:
			return
		case <-tick.C:
		}
		if g.due() {
			_ = g.lookAgain(ctx, open) // the next tick tries again
		}
	}
}

func (g *Gate) due() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.seenAt.IsZero() && time.Since(g.seenAt) >= g.endsIn
}

func (g *Gate) lookAgain(ctx context.Context, open func(context.Context) (sqldb.DB, error)) error {
	db, err := open(ctx)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	m, err := g.readMode(ctx, tx, "")
	if err == nil {
		g.saw(m, g.judge(m))
	}
	return err
}
