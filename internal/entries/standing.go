package entries

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/connector/table"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// standing asks which of the rows with the given keys are there; an API is asked
// by calls.
type standing func(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) ([]bool, error)

func standingOf(b *books.Books, e *migration.TargetEntity) standing {
	lander := table.NewLander(b.Dialect(), e.Table, e.Key)
	return func(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) ([]bool, error) {
		there := make([]bool, len(keys))
		if e.Remote == nil {
			rows, err := lander.Fetch(ctx, tx, keys, nil, false)
			if err != nil {
				return nil, fmt.Errorf("looking for rows of %s: %w", e.Table.Name, err)
			}
			for i := range rows {
				there[i] = rows[i] != nil
			}
			return there, nil
		}
		if len(keys) == 0 {
			return there, nil
		}
		if !e.Remote.Abilities().Fetch {
			return nil, fmt.Errorf("looking for records of %s: there is no request that reads them", e.Table.Name)
		}
		fetched, err := e.Remote.Fetch(ctx, keys, e.Key)
		if err != nil {
			return nil, fmt.Errorf("looking for records of %s: %w", e.Table.Name, err)
		}
		for i := range fetched {
			there[i] = fetched[i].Values != nil
		}
		return there, nil
	}
}

// rowWord is what the target has of a record, in words.
func rowWord(e *migration.TargetEntity) string {
	if e.Remote != nil {
		return "record"
	}
	return "row"
}
