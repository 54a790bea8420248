package run

import (
	"fmt"
	"strings"

	"landfall/internal/dedupe"
	"landfall/internal/record"
	"landfall/internal/source"
)

// shape turns a batch's records into target values and lets only the first of
// those go on that share a key or a unique value.
func (f *feed) shape(batch *source.Batch) (*shaped, error) {
	width := len(f.Program.Columns)
	out := &shaped{Batch: batch, values: make([][]record.Value, len(batch.Items))}
	slab := make([]record.Value, width*len(batch.Items))
	var tuple []byte
	for i := range batch.Items {
		item := &batch.Items[i]
		if item.Ref.Key != "" && f.keys != nil {
			first, claimed, err := f.keys.Claim([]byte(item.Ref.Key), item.Ref.Key, item.Number)
			if err != nil {
				return nil, err
			}
			if !claimed && item.Rejection == nil {
				item.Rejection = f.duplicate(item, "", fmt.Errorf("the key stands in record %d already: the first in the input's order goes on; give every record a key of its own", first.Number))
			}
		}
		if item.Rejection != nil {
			continue
		}
		values := slab[i*width : (i+1)*width : (i+1)*width]
		if item.Rejection = f.Program.Shape(item.Record, values); item.Rejection != nil {
			continue
		}
		for _, t := range f.tuples {
			encoded, complete := encodeTuple(tuple[:0], values, t.places)
			tuple = encoded
			if !complete {
				continue
			}
			first, claimed, err := t.seen.Claim(encoded, item.Ref.Key, item.Number)
			if err != nil {
				return nil, err
			}
			if !claimed {
				item.Rejection = f.duplicate(item, t.fields, firstHolds(f.Name, first))
				break
			}
		}
		if item.Rejection == nil {
			out.values[i] = values
		}
	}
	return out, nil
}

func firstHolds(entity string, first dedupe.First) error {
	return fmt.Errorf("%s (record %d) brings the same value and comes first: the target wants it unique",
		record.Ref{Entity: entity, Key: first.Key}, first.Number)
}

func (f *feed) duplicate(item *source.Item, field string, why error) *record.Rejection {
	return &record.Rejection{Ref: item.Ref, Step: record.StepDedupe, Field: field, Code: record.CodeDuplicateKey, Err: why}
}

// encodeTuple appends the values at the places; a NULL among them makes the
// tuple incomplete, and incomplete tuples are equal to none.
func encodeTuple(dst []byte, values []record.Value, places []int) ([]byte, bool) {
	for _, place := range places {
		if values[place].IsNull() {
			return dst, false
		}
		dst = values[place].AppendBinary(dst)
	}
	return dst, true
}

func (f *feed) fieldNames(places []int) string {
	names := make([]string, len(places))
	for i, place := range places {
		names[i] = f.Program.Columns[place]
	}
	return strings.Join(names, ", ")
}
