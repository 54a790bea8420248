package guard

import (
	"bytes"
	"context"
	"fmt"

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

// VerifyAudit follows the chain from its first entry to its last.
func VerifyAudit(ctx context.Context, tx sqldb.Tx, b *books.Books) (*Chain, error) {
	c := &chainReader{chain: &Chain{}}
	err := b.Query(ctx, tx, func(row []record.Value) error {
		c.next(eventOf(row))
		return nil
	}, "SELECT "+auditColumns+" FROM {audit} ORDER BY seq")
	if err != nil {
		return nil, fmt.Errorf("reading the audit: %w", err)
	}
	return c.chain, nil
}

type chainReader struct{ chain *Chain }

func (c *chainReader) next(e Event) {
	if e.Seq != c.chain.Entries {
		c.flaw("entries %d to %d are missing", c.chain.Entries, e.Seq-1)
		c.chain.Entries = e.Seq
	} else if !bytes.Equal(e.Link, e.link(c.chain.Head)) {
		c.flaw("entry %d (%s by %s@%s, %s): it or its link was changed since it was written", e.Seq, e.Event, e.Actor, e.Host, e.At)
	}
	c.chain.Head = e.Link
	c.chain.Entries++
}

func (c *chainReader) flaw(format string, args ...any) {
	if len(c.chain.Flaws) < mostFlaws {
		c.chain.Flaws = append(c.chain.Flaws, fmt.Sprintf(format, args...))
	}
}
