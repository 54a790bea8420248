package crosswalk

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// How stretches are read.
const (
	// stretchRows bounds what a stretch may hold beside the keys that are asked
	// for, in rows per key: passing over one costs a fraction of a look-up.
	stretchRows = 2
	// stretchLeast is how many keys are worth another round trip.
	stretchLeast = 16
	// mostPause is for how many batches keys are looked up one by one, at most,
	// before a stretch is tried again.
	mostPause = 32
)

// stretches remembers whether an entity's batches are neighbours in the
// crosswalk. Lanes share it.
type stretches struct {
	mu    sync.Mutex
	rest  int // batches before the next try
	pause int // the rest that the last try brought; it doubles from one that failed to the next
}

// worthwhile reports whether a batch of so many keys should be read as a stretch.
func (s *stretches) worthwhile(keys int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if keys < stretchLeast {
		return false
	}
	if s.rest > 0 {
		s.rest--
		return false
	}
	return true
}

// tried takes note of a stretch that held the batch, or too many others. Numbers
// that are kept as texts are no neighbours where their length changes, so one
// that failed says little of the next.
func (s *stretches) tried(held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held {
		s.pause = 0
		return
	}
	s.pause = min(max(1, 2*s.pause), mostPause)
	s.rest = s.pause
}

// LookupBatch finds the entries of a batch's keys, by source key. A source that
// is read in the order of its keys yields neighbours, which are read as one
// stretch of the index for a fraction of what looking each of them up costs.
// Whatever the stretch does not show is looked up by itself, so the answer does
// not depend on the order in which the database keeps texts. Entries of other
// keys may be among those found.
func (s *Store) LookupBatch(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]Row, error) {
	if err := s.bringIn(ctx, tx, keys); err != nil {
		return nil, err
	}
	if !s.stretches.worthwhile(len(keys)) {
		return s.lookup(ctx, tx, keys)
	}
	most := stretchRows * len(keys)
	found, err := s.stretch(ctx, tx, slices.Min(keys), slices.Max(keys), most)
	if err != nil {
		return nil, err
	}
	s.stretches.tried(len(found) < most)
	var missing []string
	for _, key := range keys {
		if _, here := found[key]; !here {
			missing = append(missing, key)
		}
	}
	others, err := s.lookup(ctx, tx, missing)
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
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		row := scanRow(values)
		found[row.SourceKey] = row
		return nil
	}, query, from, to)
	return found, err
}
