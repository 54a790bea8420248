package guard

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Chain is what a look at the whole audit found.
type Chain struct {
	Entries int64
	Head    []byte   // the last entry's link
	Flaws   []string // what does not hold, each naming its entry; at most some
}

// mostFlaws bounds what is told: behind a torn chain the rest is no news.
const mostFlaws = 20

// VerifyAudit follows the chain from its first entry to its last. kept is a link
// that stood at its end at some time and was kept elsewhere, nil for none: one
// who takes entries away, or makes the chain anew, cannot change that.
func VerifyAudit(ctx context.Context, tx sqldb.Tx, b *books.Books, kept []byte) (*Chain, error) {
	c := &chainReader{chain: &Chain{}, kept: kept}
	err := b.Query(ctx, tx, func(row []record.Value) error {
		c.next(eventOf(row))
		return nil
	}, "SELECT "+auditColumns+" FROM {audit} ORDER BY seq")
	if err != nil {
		return nil, fmt.Errorf("reading the audit: %w", err)
	}
	if len(kept) > 0 && !c.met {
		c.flaw("no entry has the link %x, which it had once: entries were taken away or written anew", kept)
	}
	return c.chain, c.holdsMode(ctx, tx, b)
}

// holdsMode holds the audit's last word on whether the target is armed against
// what the guard's row says: one that was changed by hand is no word of anybody.
func (c *chainReader) holdsMode(ctx context.Context, tx sqldb.Tx, b *books.Books) error {
	row, found, err := b.One(ctx, tx, "SELECT state, expires_at, identity FROM {guard} WHERE id = 1")
	if err != nil {
		return err
	}
	said := fmt.Sprintf("the audit's last word on it is entry %d (%s)", c.mode.Seq, c.mode.Event)
	switch by := c.mode.Event; {
	case (!found || text(row[2]) == "") && by != "" && by != EventReleased:
		c.flaw("the target carries no identity, and %s: nobody released it", said)
	case !found:
	case text(row[0]) == armed && by != EventArmed:
		c.flaw("the target is armed, and %s", said)
	case text(row[0]) == armed && !strings.HasSuffix(c.mode.Message, " until "+text(row[1])):
		c.flaw("the target is armed until %s, and %s: %s", text(row[1]), said, c.mode.Message)
	case text(row[0]) != armed && by == EventArmed:
		c.flaw("the target is not armed, and %s", said)
	}
	return nil
}

type chainReader struct {
	chain *Chain
	mode  Event // the last that armed or disarmed
	kept  []byte
	met   bool
}

func (c *chainReader) next(e Event) {
	if e.Event == EventArmed || e.Event == EventDisarmed || e.Event == EventExpired || e.Event == EventReleased {
		c.mode = e
	}
	if e.Seq != c.chain.Entries {
		if e.Seq-1 == c.chain.Entries {
			c.flaw("entry %d is missing", c.chain.Entries)
		} else {
			c.flaw("entries %d to %d are missing", c.chain.Entries, e.Seq-1)
		}
		c.chain.Entries = e.Seq
	} else if !bytes.Equal(e.Link, e.link(c.chain.Head)) {
		c.flaw("entry %d (%s by %s@%s, %s): it or its link was changed since it was written", e.Seq, e.Event, e.Actor, e.Host, e.At)
	}
	c.met = c.met || bytes.Equal(e.Link, c.kept)
	c.chain.Head = e.Link
	c.chain.Entries++
}

func (c *chainReader) flaw(format string, args ...any) {
	if len(c.chain.Flaws) < mostFlaws {
		c.chain.Flaws = append(c.chain.Flaws, fmt.Sprintf(format, args...))
	}
}
