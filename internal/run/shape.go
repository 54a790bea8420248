package run

import (
	"fmt"
	"strings"

	"landfall/internal/dedupe"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/source"
)

// shape turns a batch's records into target values and lets only the first of
// those go on that share a key or a unique value.
func (f *feed) shape(batch *source.Batch) (*shaped, error) {
	width := len(f.Program.Columns)
	out := &shaped{Batch: batch, values: make([][]record.Value, len(batch.Items))}
	out.cells = f.cellsFor(width * len(batch.Items))
	slab := out.cells
	var tuple []byte
	if f.planned != nil {
		out.planned = make([]*Forecast, len(batch.Items))
	}
	for i := range batch.Items {
		item := &batch.Items[i]
		if f.planned != nil {
			want, moved, err := f.nextPlanned(batch.Slice, item.Record)
			if err != nil {
				return nil, err
			}
			if out.planned[i] = want; moved != nil {
				item.Rejection = moved
			}
		}
		if item.Ref.Key != "" && f.keys != nil {
			first, claimed, err := f.keys.Claim([]byte(item.Ref.Key), item.Ref.Key, place{batch.Slice, item.Number}.packed())
			if err != nil {
				return nil, err
			}
			if !claimed && item.Rejection == nil && f.survivors == nil {
				item.Rejection = f.duplicate(item, "", fmt.Errorf("the key stands in %s already: the first in the input's order goes on; give every record a key of its own", f.words(first)))
			}
		}
		if f.survivors != nil && item.Rejection == nil {
			twin, err := f.survivors.of(batch.Slice, item.Number)
			if err != nil {
				return nil, err
			}
			if twin != nil {
				item.Rejection = twin.rejection(item.Ref)
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
			if f.survivors != nil {
				break
			}
			encoded, complete := encodeTuple(tuple[:0], values, t.places, t.folds)
			tuple = encoded
			if !complete {
				continue
			}
			first, claimed, err := t.seen.Claim(encoded, item.Ref.Key, place{batch.Slice, item.Number}.packed())
			if err != nil {
				return nil, err
			}
			if !claimed {
				item.Rejection = f.duplicate(item, t.fields, f.firstHolds(first))
				break
			}
		}
		if item.Rejection == nil {
			out.values[i] = values
		}
	}
	return out, nil
}

func (f *feed) firstHolds(first dedupe.First) error {
	return fmt.Errorf("%s (%s) brings the same value and comes first: the target wants it unique",
		record.Ref{Entity: f.Name, Key: first.Key}, f.words(first))
}

// numberBits leave room for a trillion records in a slice and for eight million
// slices.
const numberBits = 40

// packed is the place as the one number that a seen-set keeps.
func (p place) packed() int64 { return int64(p.slice)<<numberBits | p.number }

// words names the place of a first, with its slice where there are several.
func (f *feed) words(first dedupe.First) string {
	text := fmt.Sprintf("record %d", first.Number&(1<<numberBits-1))
	if len(f.stored.Slices) > 1 {
		text += " of " + f.sliceName(int(first.Number>>numberBits))
	}
	return text
}

// sliceName is what people call a slice: its file's name, or what is read.
func (f *feed) sliceName(number int) string {
	if len(f.stored.Slices) > 1 {
		for _, slice := range f.stored.Slices {
			if slice.Number == number {
				return slice.Name
			}
		}
	}
	return f.OriginName
}

func (f *feed) duplicate(item *source.Item, field string, why error) *record.Rejection {
	code := record.CodeDuplicateKey
	if f.Repeats == mapping.RepeatFirst {
		code = record.CodeRepeated
	}
	return &record.Rejection{Ref: item.Ref, Step: record.StepDedupe, Field: field, Code: code, Err: why}
}

// encodeTuple appends the values at the places; a NULL among them makes the
// tuple incomplete, and incomplete tuples are equal to none. Texts at the places
// that fold are taken regardless of case.
func encodeTuple(dst []byte, values []record.Value, places []int, folds []bool) ([]byte, bool) {
	for n, place := range places {
		value := values[place]
		if value.IsNull() {
			return dst, false
		}
		if folds != nil && folds[n] && value.Kind() == record.KindText {
			value = record.Text(strings.ToLower(value.String()))
		}
		dst = value.AppendBinary(dst)
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
