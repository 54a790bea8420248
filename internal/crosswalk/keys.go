package crosswalk

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Numbers gives out keys from the target's own counter. A key once committed is
// never given out twice: the books remember the highest, so that even a row
// that was deleted since does not free its number. Several lanes may draw at a
// time.
type Numbers struct {
	store   *Store
	table   *sqldb.Table
	column  *sqldb.Column
	outside bool // the counter lives outside of transactions

	mu    sync.Mutex
	floor int64 // outside: the highest key that the books knew at the start
	high  int64 // outside: the highest key drawn since
}

// NewNumbers prepares giving out keys for the column.
func NewNumbers(ctx context.Context, tx sqldb.Tx, store *Store, table *sqldb.Table, column *sqldb.Column) (*Numbers, error) {
	sequencer, ok := store.books.Dialect().(sqldb.Sequencer)
	if !ok {
		return nil, fmt.Errorf("this database gives out no keys: use uuid or natural for %s.%s", table.Name, column.Name)
	}
	n := &Numbers{store: store, table: table, column: column, outside: sequencer.CountsOutside()}
	high, err := n.remembered(ctx, tx)
	n.floor, n.high = high, high
	return n, err
}

// remembered is the highest key that the books remember.
func (n *Numbers) remembered(ctx context.Context, tx sqldb.Tx) (int64, error) {
	row, _, err := n.store.books.One(ctx, tx, "SELECT key_high FROM {target_table} WHERE id = ?", n.store.TableID)
	if err != nil {
		return 0, err
	}
	return row[0].Int(), nil
}

// Take reserves keys, in ascending order.
func (n *Numbers) Take(ctx context.Context, tx sqldb.Tx, count int) ([]record.Value, error) {
	if count == 0 {
		return nil, nil
	}
	floor, err := n.floor, error(nil)
	if !n.outside {
		if floor, err = n.remembered(ctx, tx); err != nil {
			return nil, err
		}
	}
	keys, high, err := n.draw(ctx, tx, count, floor)
	if err != nil {
		return nil, err
	}
	if !n.outside {
		return keys, n.note(ctx, tx, high)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.high = max(n.high, high)
	return keys, nil
}

func (n *Numbers) draw(ctx context.Context, tx sqldb.Tx, count int, floor int64) (keys []record.Value, high int64, err error) {
	b := n.store.books
	keys = make([]record.Value, 0, count)
	query, args := b.Dialect().(sqldb.Sequencer).ReserveSQL(n.table, n.column, count, floor)
	err = sqldb.Each(ctx, tx, func(values []record.Value) error {
		key, misfit := n.column.Type.Fit(values[0])
		if misfit != nil {
			return fmt.Errorf("keys of %s.%s are exhausted: %w", n.table.Name, n.column.Name, misfit)
		}
		keys = append(keys, key)
		high = max(high, values[0].Int())
		return nil
	}, query, args...)
	if err == nil && len(keys) != count {
		err = fmt.Errorf("asked the target for %d keys of %s.%s, got %d", count, n.table.Name, n.column.Name, len(keys))
	}
	return keys, high, err
}

// Note writes down the highest key that was drawn, where that was not done
// batch by batch: one row that all lanes wrote to would make them wait for each
// other. A run that ends without it has drawn from a counter that never goes
// back.
func (n *Numbers) Note(ctx context.Context, tx sqldb.Tx) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.note(ctx, tx, n.high)
}

func (n *Numbers) note(ctx context.Context, tx sqldb.Tx, high int64) error {
	_, err := n.store.books.Exec(ctx, tx, "UPDATE {target_table} SET key_high = ? WHERE id = ? AND key_high < ?", high, n.store.TableID, high)
	return err
}

// Guess returns keys that are free at the moment, without reserving them: for a
// rehearsal, whose rows are rolled back.
func (n *Numbers) Guess(ctx context.Context, tx sqldb.Tx, count int) ([]record.Value, error) {
	b := n.store.books
	high := int64(0)
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
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

// Floor is the highest key that the books knew when the giving out began.
func (n *Numbers) Floor() int64 { return n.floor }
