package guard

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// indexesOpen lists the indexes that runs took away and nobody has made again;
// empty when there are none.
func indexesOpen(ctx context.Context, tx sqldb.Tx, b *books.Books) (string, error) {
	const told = 5
	var names []string
	err := b.Query(ctx, tx, func(row []record.Value) error {
		names = append(names, row[0].String()+" on "+row[1].String())
		return nil
	}, fmt.Sprintf("SELECT index_name, target_table FROM {index_work} WHERE state = 'dropped' ORDER BY id LIMIT %d", told+1))
	if err != nil {
		return "", fmt.Errorf("looking for indexes that are not there again: %w", err)
	}
	if len(names) > told {
		names[told] = "more"
	}
	return strings.Join(names, ", "), nil
}
