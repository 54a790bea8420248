package record

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Fingerprint is a checksum over rows, whole and in whatever order: how many
// they are, and the sum of their hashes. That of two sets of rows together is
// the sum of theirs, so what is taken away and what is added can be told apart
// from what stayed. The zero Fingerprint is that of no rows.
//
// Sums of different makers do not compare: a database hashes rows in a way of
// its own.
type Fingerprint struct {
	Rows int64
	Sum  [2]uint64 // each modulo 2^64
}

// Plus is the fingerprint of f's rows and g's.
func (f Fingerprint) Plus(g Fingerprint) Fingerprint {
	return Fingerprint{f.Rows + g.Rows, [2]uint64{f.Sum[0] + g.Sum[0], f.Sum[1] + g.Sum[1]}}
}

// Minus is the fingerprint of f's rows without g's.
func (f Fingerprint) Minus(g Fingerprint) Fingerprint {
	return Fingerprint{f.Rows - g.Rows, [2]uint64{f.Sum[0] - g.Sum[0], f.Sum[1] - g.Sum[1]}}
}

// AddRow takes one more row in, by its hash.
func (f *Fingerprint) AddRow(hash Hash) {
	f.Rows++
	f.Sum[0] += binary.BigEndian.Uint64(hash[:8])
	f.Sum[1] += binary.BigEndian.Uint64(hash[8:])
}

// writtenFingerprint is a Fingerprint in JSON.
type writtenFingerprint struct {
	Rows int64  `json:"rows"`
	Sum  string `json:"sum"`
}

// MarshalJSON writes {"rows": 3, "sum": "32 hexadecimal digits"}.
func (f Fingerprint) MarshalJSON() ([]byte, error) {
	return json.Marshal(writtenFingerprint{f.Rows, fmt.Sprintf("%016x%016x", f.Sum[0], f.Sum[1])})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Fingerprint) UnmarshalJSON(text []byte) error {
	var written writtenFingerprint
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	sum, err := hex.DecodeString(written.Sum)
	if err != nil || len(sum) != 16 {
		return fmt.Errorf("a fingerprint's sum has 32 hexadecimal digits, found %q", written.Sum)
	}
	*f = Fingerprint{Rows: written.Rows, Sum: [2]uint64{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}}
	return nil
}
