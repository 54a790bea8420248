package source

import (
	"context"
	"iter"
	"reflect"
	"slices"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// Each makes several records of every row of an origin: one for each of the
// columns that holds something, with the row's number and the row's key and the
// column's name as its key. Each has the row's values and, behind them, the
// column's name and what it holds. What counts as a record is such a part: the
// origin cannot count them any more. A row that cannot be used is one record.
func Each(origin Origin, of *mapping.Each) Origin {
	e := &each{Origin: origin, of: of, columns: slices.Clone(origin.Columns())}
	held := record.Field{Name: of.Value, Nullable: false}
	for i, name := range of.Columns {
		at := slices.IndexFunc(e.columns, func(f record.Field) bool { return f.Name == name })
		e.places = append(e.places, at)
		switch {
		case at < 0:
		case i == 0:
			held.Type = e.columns[at].Type
		case !reflect.DeepEqual(held.Type, e.columns[at].Type):
			held.Type = record.Type{} // of none that all columns share
		}
	}
	e.columns = append(e.columns, record.Field{Name: mapping.SlotColumn, Type: record.Type{Kind: record.KindText}}, held)
	if rewriter, ok := origin.(Rewriter); ok {
		return eachFile{each: e, Rewriter: rewriter}
	}
	return e
}

type each struct {
	Origin
	of      *mapping.Each
	columns []record.Field
	places  []int // of the columns that records are made of; -1 where there is none
}

// eachFile can still write a file to retry, of whole rows.
type eachFile struct {
	*each
	Rewriter
}

// Columns are the row's, the name of the column that the record was made of,
// and what it holds.
func (e *each) Columns() []record.Field { return e.columns }

// Slices cannot say how many records there are.
func (e *each) Slices(ctx context.Context) ([]Slice, error) {
	parts, err := e.Origin.Slices(ctx)
	for i := range parts {
		parts[i].Count = -1
	}
	return parts, err
}

// Read implements Origin.
func (e *each) Read(ctx context.Context, slice Slice, after Position) (Reader, error) {
	reader, err := e.Origin.Read(ctx, slice, after)
	if err != nil {
		return nil, err
	}
	return &eachReader{Reader: reader, each: e}, nil
}

// Pick reads the rows of the wanted records.
func (e *each) Pick(ctx context.Context, slice Slice, wanted Wanted) (Reader, error) {
	reader, err := e.Origin.Pick(ctx, slice, rowsOf{e.of, wanted})
	if err != nil {
		return nil, err
	}
	return &eachReader{Reader: reader, each: e, wanted: wanted}, nil
}

// rowsOf are the keys of rows that hold wanted records. A row that could not be
// used has its own key, whatever that looks like.
type rowsOf struct {
	of     *mapping.Each
	wanted Wanted
}

// Has implements Wanted.
func (r rowsOf) Has(key string) bool {
	if r.wanted.Has(key) {
		return true
	}
	for i := range r.of.Columns {
		if r.wanted.Has(r.of.Key(key, i)) {
			return true
		}
	}
	return false
}

// Keys implements Wanted. A row may come several times.
func (r rowsOf) Keys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range r.wanted.Keys() {
			row := r.of.RowKey(key)
			if !yield(row, err) || row != key && err == nil && !yield(key, nil) {
				return
			}
		}
	}
}

type eachReader struct {
	Reader
	*each
	wanted Wanted // nil: all
	left   []*record.Record
}

// Read gives the next part of a row.
func (r *eachReader) Read() (*record.Record, *record.Rejection, error) {
	for len(r.left) == 0 {
		row, rejection, err := r.Reader.Read()
		if err != nil {
			return nil, nil, err
		}
		if rejection != nil {
			if r.wanted != nil && !r.wanted.Has(row.Ref.Key) {
				continue
			}
			row.Values = append(slices.Clip(row.Values), record.Null(), record.Null())
			return row, rejection, nil
		}
		r.take(row)
	}
	next := r.left[0]
	r.left = r.left[1:]
	return next, nil, nil
}

// take makes records of a row's columns that hold something.
func (r *eachReader) take(row *record.Record) {
	for i, place := range r.places {
		value := row.Values[place]
		if mapping.Blank(value) {
			continue
		}
		part := *row
		part.Ref.Key = r.of.Key(row.Ref.Key, i)
		if r.wanted != nil && !r.wanted.Has(part.Ref.Key) {
			continue
		}
		part.Values = append(slices.Clip(row.Values), record.Text(r.of.Columns[i]), value)
		r.left = append(r.left, &part)
	}
}
