package guard

import (
	"context"
	"fmt"
	"time"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// stamp is how the books write times.
const stamp = "2006-01-02T15:04:05.000Z"

// serverNow is the time by the target's own clock.
func serverNow(ctx context.Context, tx sqldb.Tx, b *books.Books) (time.Time, error) {
	row, err := oneRow(ctx, tx, "SELECT "+b.Now(0))
	if err != nil || len(row) != 1 {
		return time.Time{}, fmt.Errorf("asking the target for the time: %w", err)
	}
	return parseStamp(row[0].String())
}

func parseStamp(text string) (time.Time, error) {
	t, err := time.Parse(stamp, text)
	if err != nil {
		return t, fmt.Errorf("the books hold a time that cannot be read: %w", err)
	}
	return t.UTC(), nil
}
