package crosswalk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Shape is a list of columns that hashes in the crosswalk were made over.
type Shape struct {
	ID      int64
	Names   []string // as they were
	Columns []sqldb.Column
	// Known is false when the target has not all its columns any more: then an
	// edit cannot be told from the missing column.
	Known  bool
	hasher *record.Hasher
	values []record.Value
}

// ReadShape reads a shape from the books; column finds a column of the target
// by the name it had. The number 0 stands for no hash at all, as of rows that
// another tool made: nothing is known of them then. A Shape is used by one
// goroutine.
func ReadShape(ctx context.Context, tx sqldb.Tx, b *books.Books, id int64, column func(name string) (*sqldb.Column, bool)) (*Shape, error) {
	if id == 0 {
		return &Shape{}, nil
	}
	text, err := ShapeColumns(ctx, tx, b, id)
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, fmt.Errorf("shape %d in the books: %w", id, err)
	}
	shape := &Shape{ID: id, Names: names, Known: true, values: make([]record.Value, len(names))}
	index := make([]int, len(names))
	for i, name := range names {
		found, ok := column(name)
		if !ok {
			shape.Known, shape.Columns = false, nil
			break
		}
		shape.Columns = append(shape.Columns, *found)
		index[i] = i
	}
	shape.hasher = record.NewHasher(names, index)
	return shape, nil
}

// Sum hashes a row, whose values stand in the order of columns, under the shape.
func (s *Shape) Sum(row []record.Value, columns []sqldb.Column) record.Hash {
	return s.SumAt(row, s.Places(columns))
}

// Places tells where among columns those of the shape stand; all of them must.
func (s *Shape) Places(columns []sqldb.Column) []int {
	places := make([]int, len(s.Columns))
	for i := range s.Columns {
		places[i] = slices.IndexFunc(columns, func(c sqldb.Column) bool { return c.Name == s.Columns[i].Name })
	}
	return places
}

// SumAt is Sum for many rows of one order.
func (s *Shape) SumAt(row []record.Value, places []int) record.Hash {
	for i, at := range places {
		s.values[i] = row[at]
	}
	return s.hasher.Sum(s.values)
}
