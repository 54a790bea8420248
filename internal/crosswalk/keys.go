package crosswalk

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Numbers gives out keys from the target's own counter. A key once committed is
// never given out twice: the books remember the highest, so that even a row
// that was deleted since does not free its number.
type Numbers struct {
	store  *Store
	table  *sqldb.Table
	column *sqldb.Column
}

// NewNumbers prepares giving out keys for the column. sequence names the
// counter when the column does not say it itself.
func NewNumbers(store *Store, table *sqldb.Table, column *sqldb.Column, sequence string) (*Numbers, error) {
	if _, ok := store.books.Dialect().(sqldb.Sequencer); !ok {
		return nil, fmt.Errorf("this database gives out no keys: use uuid or natural for %s.%s", table.Name, column.Name)
	}
	named := *column
	if sequence != "" {
		named.Sequence = sequence
	}
	return &Numbers{store: store, table: table, column: &named}, nil
}

// Take reserves n keys, in ascending order.
func (n *Numbers) Take(ctx context.Context, tx sqldb.Tx, count int) ([]record.Value, error) {
	if count == 0 {
		return nil, nil
	}
	b := n.store.books
	row, _, err := b.One(ctx, tx, "SELECT key_high FROM {target_table} WHERE id = ?"+b.Dialect().LockRows(), n.store.TableID)
	if err != nil {
		return nil, err
	}
	keys := make([]record.Value, 0, count)
	high := row[0].Int()
	query, args := b.Dialect().(sqldb.Sequencer).ReserveSQL(n.table, n.column, count, high)
	err = books.Each(ctx, tx, func(values []record.Value) error {
		key, misfit := n.column.Type.Fit(values[0])
		if misfit != nil {
			return fmt.Errorf("keys of %s.%s are exhausted: %w", n.table.Name, n.column.Name, misfit)
		}
		keys = append(keys, key)
		high = max(high, values[0].Int())
		return nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	if len(keys) != count {
		return nil, fmt.Errorf("asked the target for %d keys of %s.%s, got %d", count, n.table.Name, n.column.Name, len(keys))
	}
	_, err = b.Exec(ctx, tx, "UPDATE {target_table} SET key_high = ? WHERE id = ? AND key_high < ?", high, n.store.TableID, high)
	return keys, err
}

// Guess returns keys that are free at the moment, without reserving them: for a
// rehearsal, whose rows are rolled back.
func (n *Numbers) Guess(ctx context.Context, tx sqldb.Tx, count int) ([]record.Value, error) {
	b := n.store.books
	high := int64(0)
	err := books.Each(ctx, tx, func(values []record.Value) error {
		high = values[0].Int()
		return nil
	}, fmt.Sprintf("SELECT coalesce(max(%s), 0) FROM %s", b.Dialect().Quote(n.column.Name), b.Dialect().QuoteName(n.table.Name)))
	keys := make([]record.Value, count)
	for i := range keys {
		keys[i] = record.Int(high + int64(i) + 1)
	}
	return keys, err
}

// landfallSpace is the namespace of version 5 keys; it never changes, or the
// same Ref would get another key.
var landfallSpace = uuid.MustParse("6f1d7c52-3f0e-5b57-9a55-0c1a8be0a0e4")

// UUIDv7 makes a new key that sorts by the time it was made.
func UUIDv7() (record.Value, error) {
	id, err := uuid.NewV7()
	return record.Text(id.String()), err
}

// UUIDv5 makes the key that a Ref of a migration always gets.
func UUIDv5(migration string, ref record.Ref) record.Value {
	space := uuid.NewSHA1(landfallSpace, []byte(migration))
	return record.Text(uuid.NewSHA1(space, []byte(ref.String())).String())
}
