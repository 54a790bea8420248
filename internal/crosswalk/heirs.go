package crosswalk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Heirs are keys that begin with the key of another row, the parent's, and end
// with a number, counted for each parent from 1.
type Heirs struct {
	store  *Store
	Digits int
	Seats  []Seat // the key's column, and its registry's
	// Asks is set when entries of the crosswalk may own rows of the table: their
	// keys are used, whatever became of the rows.
	Asks bool
}

// NewHeirs are those of the store's table.
func NewHeirs(store *Store, digits int) *Heirs { return &Heirs{store: store, Digits: digits} }

// Most is the highest number that the digits hold.
func (h *Heirs) Most() int64 { return nines(h.Digits) }

// Key is the text of a key.
func (h *Heirs) Key(parent string, n int64) string {
	text := strconv.FormatInt(n, 10)
	return parent + strings.Repeat("0", max(0, h.Digits-len(text))) + text
}

// Split takes a key apart; ok is false for one that was not made in this way.
func (h *Heirs) Split(key string) (parent string, n int64, ok bool) {
	if len(key) <= h.Digits {
		return "", 0, false
	}
	n, err := strconv.ParseInt(key[len(key)-h.Digits:], 10, 64)
	return key[:len(key)-h.Digits], n, err == nil && n >= 0 && h.Key(key[:len(key)-h.Digits], n) == key
}

// heir is what the books say of a parent's keys.
type heir struct{ runID, high, used, spare int64 }

// read finds what the books say of the parents.
func (h *Heirs) read(ctx context.Context, tx sqldb.Tx, parents []string, lock bool) (map[string]heir, error) {
	found := make(map[string]heir, len(parents))
	relation, args := h.store.keyRelation(parents)
	query := fmt.Sprintf("SELECT h.parent_key, h.run_id, h.high, h.used, h.spare FROM %s h WHERE h.table_id = %d AND h.parent_key IN (SELECT c0 FROM %s) ORDER BY h.parent_key",
		h.store.books.Table("key_heir"), h.store.TableID, relation)
	if lock {
		query += h.store.books.Dialect().LockRows()
	}
	err := sqldb.Each(ctx, tx, func(row []record.Value) error {
		found[row[0].String()] = heir{row[1].Int(), row[2].Int(), row[3].Int(), row[4].Int()}
		return nil
	}, query, args...)
	return found, err
}

var heirColumns = []sqldb.Column{textColumn("parent_key"), intColumn("high"), intColumn("used"), intColumn("spare")}

// write notes what is known of the parents.
func (h *Heirs) write(ctx context.Context, tx sqldb.Tx, runID int64, known map[string]heir, set string) error {
	if len(known) == 0 {
		return nil
	}
	var rows [][]record.Value
	for parent, is := range known {
		rows = append(rows, []record.Value{record.Text(parent), record.Int(is.high), record.Int(is.used), record.Int(is.spare)})
	}
	slices.SortFunc(rows, func(a, b []record.Value) int { return strings.Compare(a[0].Raw(), b[0].Raw()) })
	relation, args := h.store.books.Dialect().Relation("k", heirColumns, rows, 1)
	_, err := tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s AS h (table_id, parent_key, run_id, high, used, spare) SELECT %d, k.c0, %d, k.c1, k.c2, k.c3 FROM %s WHERE 1 = 1 ON CONFLICT (table_id, parent_key) DO UPDATE SET %s",
		h.store.books.Table("key_heir"), h.store.TableID, runID, relation, set), args...)
	return err
}

// open finds the highest number of each parent, as the run goes on from it: once
// in a run, what is on the target counts, too. Later the run's own numbers do,
// so that who inserts rows meanwhile moves nobody's.
func (h *Heirs) open(ctx context.Context, tx sqldb.Tx, runID int64, parents []string, lock bool) (map[string]heir, error) {
	known, err := h.read(ctx, tx, parents, lock)
	if err != nil {
		return nil, err
	}
	var first []string
	for _, parent := range parents {
		if is, found := known[parent]; !found || is.runID != runID {
			first = append(first, parent)
		}
	}
	if front, ok := tx.(books.Front); ok {
		return known, h.openFront(ctx, front, first, known)
	}
	present, err := h.present(ctx, tx, first)
	if err != nil {
		return nil, err
	}
	for _, parent := range first {
		is := known[parent]
		is.high, is.spare = max(is.high, is.spare-1, present[parent]), 0
		known[parent] = is
	}
	return known, nil
}

// Reserve makes the next keys of the parents, one for each that is listed, and
// notes that they are reserved. A key is empty where the digits have no number
// left.
func (h *Heirs) Reserve(ctx context.Context, tx sqldb.Tx, runID int64, parents []string) ([]string, error) {
	known, err := h.open(ctx, tx, runID, distinct(parents), false)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(parents))
	for i, parent := range parents {
		if is := known[parent]; is.high < h.Most() {
			is.high++
			keys[i] = h.Key(parent, is.high)
			known[parent] = is
		}
	}
	return keys, h.write(ctx, tx, runID, known, "spare = CASE WHEN h.run_id = excluded.run_id THEN h.spare ELSE 0 END, high = excluded.high, run_id = excluded.run_id")
}

// distinct are the texts, each once, in order.
func distinct(texts []string) []string {
	texts = slices.Clone(texts)
	slices.Sort(texts)
	return slices.Compact(texts)
}

// SetSpare notes from which numbers on keys of the parents are replaced, when
// the run's records still need so many.
func (h *Heirs) SetSpare(ctx context.Context, tx sqldb.Tx, runID int64, needs map[string]int64) error {
	parents := make([]string, 0, len(needs))
	for parent := range needs {
		parents = append(parents, parent)
	}
	known, err := h.open(ctx, tx, runID, distinct(parents), true)
	if err != nil {
		return err
	}
	for parent, is := range known {
		if is.spare == 0 {
			is.spare = is.high + needs[parent] + 1
		}
		known[parent] = is
	}
	return h.write(ctx, tx, runID, known, "spare = excluded.spare, high = excluded.high, run_id = excluded.run_id")
}

// NoSpareError is ErrNoSpare for the keys of parents.
type NoSpareError struct{ Parents []string }

// Error says so.
func (e *NoSpareError) Error() string { return ErrNoSpare.Error() }

// Is makes it an ErrNoSpare.
func (e *NoSpareError) Is(target error) bool { return target == ErrNoSpare }

// TakeSpare is that of a Space, for keys of the parents, one for each that is
// listed; a key is empty where no number is left.
func (h *Heirs) TakeSpare(ctx context.Context, tx sqldb.Tx, runID int64, parents []string) ([]string, error) {
	asked := distinct(parents)
	known, err := h.read(ctx, tx, asked, true)
	if err != nil {
		return nil, err
	}
	var unknown []string
	for _, parent := range asked {
		if is := known[parent]; is.runID != runID || is.spare == 0 {
			unknown = append(unknown, parent)
		}
	}
	if len(unknown) > 0 {
		return nil, &NoSpareError{unknown}
	}
	present, err := h.present(ctx, tx, asked)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(parents))
	for i, parent := range parents {
		is := known[parent]
		is.spare = max(is.spare, present[parent]+1)
		if is.spare <= h.Most() {
			keys[i] = h.Key(parent, is.spare)
			is.spare++
		}
		known[parent] = is
	}
	return keys, h.write(ctx, tx, runID, known, "spare = excluded.spare")
}
