package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// pickLimit is how many keys one question to the database carries; for more,
// reading everything in order takes no longer.
const pickLimit = 100_000

// Pick looks wanted keys up through the key's index where they can be put to
// the database without an error; otherwise it reads everything and keeps what
// is wanted, which is slow but never wrong.
func (o *origin) Pick(ctx context.Context, slice source.Slice, wanted source.Wanted) (source.Reader, error) {
	keys, err := fewKeys(wanted)
	if err != nil {
		return nil, err
	}
	tuples, ok := o.tuples(keys)
	if ok {
		r := &reader{ctx: ctx, origin: o}
		condition, args := o.among(tuples)
		err := r.start(o.list()+condition+o.order(), args)
		if err == nil {
			err = r.peek()
		}
		if err == nil {
			return &picker{Reader: r, wanted: wanted, unnumbered: true}, nil
		}
		if o.dialect.Classify(err).Code != record.CodeWrongType {
			return nil, errors.Join(err, r.Close())
		}
		// A key that is no value of the column's type: no record has it, but the
		// question has failed for all the others too.
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	all, err := o.Read(ctx, slice, source.Position{})
	if err != nil {
		return nil, err
	}
	return &picker{Reader: all, wanted: wanted}, nil
}

// fewKeys collects the wanted keys, each once, up to one more than may be asked
// for together.
func fewKeys(wanted source.Wanted) ([]string, error) {
	var keys []string
	for key, err := range wanted.Keys() {
		if err != nil {
			return nil, err
		}
		if keys = append(keys, key); len(keys) > 2*pickLimit {
			break // those of rows may come twice
		}
	}
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) > pickLimit {
		keys = keys[:pickLimit+1]
	}
	return keys, nil
}

// among keeps the rows whose key is one of the tuples.
func (o *origin) among(tuples [][]record.Value) (string, []any) {
	columns := make([]sqldb.Column, len(o.key))
	var names, cells []string
	for n, i := range o.key {
		columns[n] = o.columns[i]
		names = append(names, o.column(i))
		cells = append(cells, "k.c"+strconv.Itoa(n))
	}
	relation, args := o.dialect.Relation("k", columns, tuples, 1)
	left := strings.Join(names, ", ")
	if len(names) > 1 {
		left = "(" + left + ")"
	}
	return fmt.Sprintf(" WHERE %s IN (SELECT %s FROM %s)", left, strings.Join(cells, ", "), relation), args
}

// tuples takes canonical keys apart into values of the key's columns, in key
// order. It gives up on keys and types that the database might not take.
func (o *origin) tuples(keys []string) ([][]record.Value, bool) {
	if len(keys) > pickLimit {
		return nil, false
	}
	tuples := make([][]record.Value, 0, len(keys))
	for _, key := range keys {
		parts := record.SplitKey(key)
		if len(parts) != len(o.key) {
			continue // no record of this source has such a key
		}
		tuple := make([]record.Value, len(parts))
		for n, part := range parts {
			value, ok := lookup(o.columns[o.key[n]].Type, part)
			if !ok {
				return nil, false
			}
			tuple[n] = value
		}
		tuples = append(tuples, tuple)
	}
	return tuples, true
}

// lookup makes the value of one part of a key, if it is certain that the
// database finds with it whatever prints so.
func lookup(t record.Type, part string) (record.Value, bool) {
	value, misfit := t.Fit(record.Text(part))
	if misfit != nil || strings.HasPrefix(part, `\x`) { // a loose type system holds bytes in any column
		return record.Value{}, false
	}
	switch t.Kind {
	case record.KindText:
		return record.Text(part), true // in the spelling of the source
	case record.KindDecimal:
		return value, true // 12.50 is found by 12.5
	case record.KindInt, record.KindDate:
		return value, value.String() == part
	}
	return record.Value{}, false
}

// picker keeps the records that are wanted.
type picker struct {
	source.Reader
	wanted     source.Wanted
	unnumbered bool
}

// Read returns the next wanted record.
func (p *picker) Read() (*record.Record, *record.Rejection, error) {
	for {
		rec, rejection, err := p.Reader.Read()
		if err != nil {
			return nil, nil, err
		}
		if rec.Ref.Key == "" || !p.wanted.Has(rec.Ref.Key) {
			continue
		}
		if p.unnumbered {
			rec.Number = 0
		}
		return rec, rejection, nil
	}
}
