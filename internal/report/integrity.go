package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"landfall/internal/proof"
)

// Integrity is what a report's JSON says of itself.
type Integrity struct {
	// SHA256 is over the JSON with zeros in place of both values here.
	SHA256 string `json:"sha256"`
	// Sums are two sums over the same bytes, by which a single one that changed
	// is found.
	Sums string `json:"sums"`
}

// sums are a text's hash and two sums modulo the prime 2^61-1: over its bytes,
// and over its bytes times their places. When one byte changes, the second
// difference is the first times the place.
type sums struct {
	hash          [sha256.Size]byte
	plain, placed uint64
}

func sumsOf(text []byte) sums {
	s := sums{hash: sha256.Sum256(text)}
	for i, b := range text {
		s.plain = (s.plain + uint64(b)) % proof.Prime
		s.placed = (s.placed + proof.Mul(uint64(i+1), uint64(b))) % proof.Prime
	}
	return s
}

func (s sums) sha256() string { return hex.EncodeToString(s.hash[:]) }
func (s sums) sums() string   { return fmt.Sprintf("%016x%016x", s.plain, s.placed) }

// changedAt finds the one byte by which a text differs from the one that had
// the sums of before; found is false when more than one changed.
func (s sums) changedAt(before string, length int) (at int, found bool) {
	var was sums
	if n, err := fmt.Sscanf(before, "%16x%16x", &was.plain, &was.placed); err != nil || n != 2 {
		return 0, false
	}
	plain, placed := proof.Minus(s.plain, was.plain), proof.Minus(s.placed, was.placed)
	if plain == 0 || plain > 255 && plain < proof.Prime-255 {
		return 0, false
	}
	place := proof.Mul(placed, proof.Inverse(plain))
	return int(place) - 1, place >= 1 && place <= uint64(length)
}

const integrityPattern = "\"integrity\": {\n    \"sha256\": \"%064d\",\n    \"sums\": \"%032d\"\n  }\n}\n"

// JSON is the report for programs. It ends with hashes of itself.
func (a *Account) JSON() ([]byte, error) {
	blank := *a
	blank.Integrity = Integrity{SHA256: fmt.Sprintf("%064d", 0), Sums: fmt.Sprintf("%032d", 0)}
	text, err := json.MarshalIndent(&blank, "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	s := sumsOf(text)
	place, found := integrityPlace(text)
	if !found {
		return nil, fmt.Errorf("the report's JSON does not end with its hashes")
	}
	copy(text[place.hash:], s.sha256())
	copy(text[place.sums:], s.sums())
	return text, nil
}

// integrityPlace is where the hashes stand in a JSON text.
type integrityAt struct{ hash, sums int }

func integrityPlace(text []byte) (integrityAt, bool) {
	pattern := fmt.Sprintf(integrityPattern, 0, 0)
	start := len(text) - len(pattern)
	if start < 0 {
		return integrityAt{}, false
	}
	at := integrityAt{hash: start + len(integrityHead), sums: start + len(integrityHead) + 64 + len(integrityMiddle)}
	shape := append([]byte(nil), text[start:]...)
	zero(shape[len(integrityHead) : len(integrityHead)+64])
	zero(shape[len(integrityHead)+64+len(integrityMiddle) : len(integrityHead)+64+len(integrityMiddle)+32])
	return at, bytes.Equal(shape, []byte(pattern))
}

const (
	integrityHead   = "\"integrity\": {\n    \"sha256\": \""
	integrityMiddle = "\",\n    \"sums\": \""
)

func zero(text []byte) {
	for i := range text {
		text[i] = '0'
	}
}
