package reconcile

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// rowCheck tells which rows surely hold what was written.
type rowCheck interface {
	// same is true for each row that is there and has the hash. It may be false
	// for one that is right, at the price of a closer look, but never true for one
	// that is not.
	same(ctx context.Context, tx sqldb.Tx, b *run.ExpectedBatch, keys [][]record.Value, hashes []record.Hash) ([]bool, error)
}

// newRowCheck lets the database hash its rows where it can: then rows are only
// read where hashes differ.
func newRowCheck(c *comparison) rowCheck {
	hasher, ok := c.dialect().(sqldb.RecordHasher)
	if !ok || c.Remote != nil {
		return fetching{c}
	}
	var columns []sqldb.Column
	for _, name := range c.Compared() {
		column, ok := c.Table.Column(name)
		if !ok {
			return fetching{c}
		}
		columns = append(columns, *column)
	}
	expression, ok := hasher.RecordHash("t", columns)
	if !ok {
		return fetching{c}
	}
	return hashing{c, expression}
}

// fetching reads the rows and hashes them here.
type fetching struct{ *comparison }

func (f fetching) same(ctx context.Context, tx sqldb.Tx, b *run.ExpectedBatch, keys [][]record.Value, hashes []record.Hash) ([]bool, error) {
	rows, err := f.Rows().Fetch(ctx, tx, keys, f.Columns, false)
	if err != nil {
		return nil, err
	}
	same := make([]bool, len(keys))
	for i, row := range rows {
		same[i] = row != nil && b.Sum(row) == hashes[i]
	}
	return same, nil
}

// hashing asks the database which rows have another hash.
type hashing struct {
	*comparison
	hash string
}

var hashColumn = sqldb.Column{Name: "hash", Type: record.Type{Kind: record.KindBytes, Native: "bytea"}}

func (h hashing) same(ctx context.Context, tx sqldb.Tx, _ *run.ExpectedBatch, keys [][]record.Value, hashes []record.Hash) ([]bool, error) {
	same := make([]bool, len(keys))
	if len(keys) == 0 {
		return same, nil
	}
	width := len(h.Key)
	columns := append(append([]sqldb.Column(nil), h.Key...), hashColumn)
	cells := make([]record.Value, 0, len(keys)*(width+1))
	rows := make([][]record.Value, len(keys))
	for i, key := range keys {
		cells = append(append(cells, key...), record.Bytes(hashes[i][:]))
		rows[i] = cells[len(cells)-width-1:]
	}
	relation, args := h.dialect().Relation("k", columns, rows, 1)
	query := fmt.Sprintf("SELECT k.ord FROM %s LEFT JOIN %s t ON %s WHERE %s IS NULL OR %s",
		relation, h.dialect().QuoteName(h.Table.Name), h.sameKey(), h.quote("t", h.Key[0].Name),
		h.dialect().IsDistinct(h.hash, fmt.Sprintf("k.c%d", width)))
	for i := range same {
		same[i] = true
	}
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		same[values[0].Int()] = false
		return nil
	}, query, args...)
	return same, err
}
