package record

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Hash answers three questions about a row: did the source change, did a
// person edit the row, may undo touch it. It is SHA-256 cut to 16 bytes over
// the written columns in name order.
type Hash [16]byte

// MarshalText writes it in hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("a hash has %d hexadecimal digits, not %d", 2*len(h), len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// HashEncoding is the version of the encoding behind Hash; shapes store it, so
// a later encoding can tell old hashes from new ones.
const HashEncoding = 1

// Hasher computes hashes for one list of columns; it is not safe for use from
// several goroutines at a time.
type Hasher struct {
	names []string
	index []int
	buf   []byte
}

// NewHasher makes a Hasher for columns given in name order; index[i] is the
// place of names[i] in the values that Sum is given.
func NewHasher(names []string, index []int) *Hasher {
	return &Hasher{names: names, index: index}
}

// Sum hashes one row. Values must already be in the form in which the target
// gives them back (Type.Fit); NULL and empty differ.
func (h *Hasher) Sum(values []Value) Hash {
	h.buf = h.buf[:0]
	for i, name := range h.names {
		h.buf = binary.AppendUvarint(h.buf, uint64(len(name)))
		h.buf = append(h.buf, name...)
		h.buf = values[h.index[i]].AppendBinary(h.buf)
	}
	sum := sha256.Sum256(h.buf)
	return Hash(sum[:16])
}

// AppendBinary appends an encoding of the value in which no two different
// values read the same: a kind byte, then the length and the text.
func (v Value) AppendBinary(dst []byte) []byte {
	dst = append(dst, byte(v.kind))
	if v.kind == KindNull {
		return dst
	}
	at := len(dst)
	dst = append(dst, 0) // one length byte serves texts up to 127 bytes
	dst = v.AppendText(dst)
	size := len(dst) - at - 1
	if size < 0x80 {
		dst[at] = byte(size)
		return dst
	}
	text := append([]byte(nil), dst[at+1:]...)
	dst = binary.AppendUvarint(dst[:at], uint64(size))
	return append(dst, text...)
}
