package dedupe

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
)

// fingerprint stands for a tuple. It is cut from SHA-256, so it spreads evenly
// whatever the keys look like, and no input can be made to collide.
type fingerprint struct{ hi, lo uint64 }

func fingerprintOf(tuple []byte) fingerprint {
	sum := sha256.Sum256(tuple)
	return fingerprint{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

func (f fingerprint) compare(g fingerprint) int {
	if f.hi != g.hi {
		return cmp.Compare(f.hi, g.hi)
	}
	return cmp.Compare(f.lo, g.lo)
}

// entry is a fingerprint with the place of its first record. The place is kept
// one higher than it is, so that the zero entry is an empty slot.
type entry struct {
	fingerprint
	place uint64
}

const entrySize = 24

func newEntry(f fingerprint, offset int64) entry { return entry{f, uint64(offset) + 1} }

func (e entry) empty() bool   { return e.place == 0 }
func (e entry) offset() int64 { return int64(e.place - 1) }

func (e entry) appendTo(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, e.hi)
	dst = binary.LittleEndian.AppendUint64(dst, e.lo)
	return binary.LittleEndian.AppendUint64(dst, e.place)
}

func readEntry(b []byte) entry {
	_ = b[entrySize-1]
	return entry{
		fingerprint{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])},
		binary.LittleEndian.Uint64(b[16:]),
	}
}
