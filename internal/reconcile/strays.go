package reconcile

import (
	"encoding/json"

	"landfall/internal/dedupe"
	"landfall/internal/record"
)

// stray is a row of the entity's table that no record owns.
type stray struct {
	Key   string       `json:"key"`
	Mark  *string      `json:"mark,omitempty"`  // the source key that it carries
	Hash  record.Hash  `json:"hash"`            // of the columns that the mapping compares
	Match *record.Hash `json:"match,omitempty"` // of those by which the mapping knows rows again; nil where one is blank
}

// strays are all of them, on disk, with what tells whose they may be.
type strays struct {
	rows    *dedupe.Spool
	keys    *dedupe.Seen
	linked  *dedupe.Seen // rows that records point at and do not own
	count   int64
	hashes  *dedupe.Seen // contents of strays
	twins   *dedupe.Seen // by content: the record whose row has it by the books
	matches *dedupe.Seen // what strays are known by
	agree   *dedupe.Seen // by that: a record whose row has the same
	known   int64        // strays with a match
}

// twin is a record whose row a stray one may be once more.
type twin struct{ key, row string }

// strayBytes bounds the memory of a set of keys or contents.
const strayBytes = 4 << 20

func (c *comparison) newStrays() (*strays, error) {
	rows, err := dedupe.NewSpool(c.x.Spill())
	set := func() *dedupe.Seen { return dedupe.NewSeen(c.x.Spill(), strayBytes) }
	return &strays{rows: rows, keys: set(), linked: set(), hashes: set(), twins: set(), matches: set(), agree: set()}, err
}

func (s *strays) close() {
	s.rows.Close()
	for _, set := range []*dedupe.Seen{s.keys, s.linked, s.hashes, s.twins, s.matches, s.agree} {
		set.Close()
	}
}

// keep takes a row in.
func (s *strays) keep(r *stray) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := s.rows.Append(text); err != nil {
		return err
	}
	if _, _, err := s.keys.Claim([]byte(r.Key), "", 0); err != nil {
		return err
	}
	s.count++
	if r.Match != nil {
		if _, _, err := s.matches.Claim(r.Match[:], "", 0); err != nil {
			return err
		}
		s.known++
	}
	_, _, err = s.hashes.Claim(r.Hash[:], "", 0)
	return err
}

// addTwin notes a record for what a stray may be told by; the first one counts.
func addTwin(to *dedupe.Seen, by record.Hash, t twin) error {
	_, _, err := to.Claim(by[:], record.JoinKey(t.key, t.row), 0)
	return err
}

// twinIn is the record that was noted, or nil.
func twinIn(set *dedupe.Seen, by record.Hash) (*twin, error) {
	there, err := set.Has(by[:])
	if err != nil || !there {
		return nil, err
	}
	first, _, err := set.Claim(by[:], "", 0)
	if err != nil {
		return nil, err
	}
	parts := record.SplitKey(first.Key)
	return &twin{key: parts[0], row: parts[1]}, nil
}
