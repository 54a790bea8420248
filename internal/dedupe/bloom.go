package dedupe

import "math/bits"

// bloom answers for most fingerprints that no run holds them. All bits of one
// fingerprint lie in one 64-byte line, so a question costs one memory access.
// Its size is fixed: with very many keys it says "maybe" more often, which
// costs time and never truth.
type bloom struct {
	lines [][8]uint64
}

// bloomProbes is near the best for 4 to 10 bits a key.
const bloomProbes = 5

func newBloom(size int) *bloom {
	return &bloom{lines: make([][8]uint64, max(size/64, 1))}
}

func (b *bloom) line(f fingerprint) *[8]uint64 {
	high, _ := bits.Mul64(f.hi, uint64(len(b.lines)))
	return &b.lines[high]
}

func (b *bloom) add(f fingerprint) {
	line := b.line(f)
	for i, probe := 0, f.lo; i < bloomProbes; i, probe = i+1, probe>>9 {
		line[probe>>6&7] |= 1 << (probe & 63)
	}
}

func (b *bloom) mayHold(f fingerprint) bool {
	line := b.line(f)
	for i, probe := 0, f.lo; i < bloomProbes; i, probe = i+1, probe>>9 {
		if line[probe>>6&7]&(1<<(probe&63)) == 0 {
			return false
		}
	}
	return true
}
