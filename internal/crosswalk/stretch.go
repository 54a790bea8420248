package crosswalk

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// How stretches are read.
const (
	// stretchRows bounds what a stretch may hold beside the keys that are asked
	// for, in rows per key: passing over one costs a fraction of a look-up.
	stretchRows = 2
	// stretchRest is for how many batches keys are looked up one by one after a
	// stretch that held too many others.
	stretchRest = 20
	// stretchLeast is how many keys are worth another round trip.
	stretchLeast = 16
)

// stretches remembers whether an entity's batches are neighbours in the
// crosswalk. Lanes share it.
type stretches struct{ rest atomic.Int64 }

// worthwhile reports whether a batch of so many keys should be read as a stretch.
func (s *stretches) worthwhile(keys int) bool {
	if keys < stretchLeast {
		return false
	}
	return s.rest.Load() <= 0 || s.rest.Add(-1) < 0
}

// LookupBatch finds the entries of a batch's keys, by source key. A source that
// is read in the order of its keys yields neighbours, which are read as one
// stretch of the index for a fraction of what looking each of them up costs.
// Whatever the stretch does not show is looked up by itself, so the answer does
// not depend on the order in which the database keeps texts. Entries of other
// keys may be among those found.
func (s *Store) LookupBatch(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]Row, error) {
	if !s.stretches.worthwhile(len(keys)) {
		return s.Lookup(ctx, tx, keys)
	}
	most := stretchRows * len(keys)
	found, err := s.stretch(ctx, tx, slices.Min(keys), slices.Max(keys), most)
	if err != nil {
		return nil, err
	}
	if len(found) == most {
		s.stretches.rest.Store(stretchRest)
	}
	var missing []string
	for _, key := range keys {
		if _, here := found[key]; !here {
			missing = append(missing, key)
		}
	}
	others, err := s.Lookup(ctx, tx, missing)
	for key, row := range others {
		found[key] = row
	}
	return found, err
}

// stretch reads entries between two keys, so many at most.
func (s *Store) stretch(ctx context.Context, tx sqldb.Tx, from, to string, most int) (map[string]Row, error) {
	found := make(map[string]Row, most/stretchRows)
	dialect := s.books.Dialect()
	query := fmt.Sprintf("SELECT %s FROM %s c WHERE c.entity_id = %d AND c.source_key >= %s AND c.source_key <= %s LIMIT %d",
		rowList, s.books.Table("crosswalk"), s.EntityID, dialect.Placeholder(1), dialect.Placeholder(2), most)
	err := books.Each(ctx, tx, func(values []record.Value) error {
		row := scanRow(values)
		found[row.SourceKey] = row
		return nil
	}, query, from, to)
	return found, err
}
