package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// Sample is a part of the records, chosen by a hash of their Refs: the same
// ones each time. The zero Sample is all of them.
type Sample struct {
	text    string
	share   float64 // of all records
	records int64   // about so many of each entity; 0 where share counts
}

// ParseSample reads "1%" or a number of records.
func ParseSample(text string) (Sample, error) {
	bad := fmt.Errorf("expected a share such as 1%% or a number of records such as 10000, found %q", text)
	if percent, found := strings.CutSuffix(text, "%"); found {
		share, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
		if err != nil || !(share > 0 && share <= 100) {
			return Sample{}, bad
		}
		return Sample{text: text, share: share / 100}, nil
	}
	records, err := strconv.ParseInt(text, 10, 64)
	if err != nil || records < 1 {
		return Sample{}, bad
	}
	return Sample{text: text, records: records}, nil
}

// String is the text that ParseSample reads.
func (s Sample) String() string { return s.text }

// All reports whether no record is left out.
func (s Sample) All() bool { return s.text == "" }

// picks chooses records. A number of them is a share of what the source counts,
// or, where it cannot count, of what has landed.
func (s Sample) picks(ctx context.Context, x *run.Expectation) (func(*record.Ref) bool, error) {
	if s.All() {
		return nil, nil
	}
	limits := map[string]uint64{}
	for _, e := range x.Entities {
		share := s.share
		if s.records > 0 {
			total := e.Total()
			if total < 0 {
				err := x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
					total, err = e.Store().CountOnTarget(ctx, tx)
					return err
				})
				if err != nil {
					return nil, err
				}
			}
			share = min(1, float64(s.records)/float64(max(total, 1)))
		}
		limits[e.Name] = math.MaxUint64
		if share < 1 {
			limits[e.Name] = uint64(share * math.MaxUint64)
		}
	}
	return func(ref *record.Ref) bool {
		sum := sha256.Sum256([]byte(ref.String()))
		return binary.BigEndian.Uint64(sum[:8]) <= limits[ref.Entity]
	}, nil
}
