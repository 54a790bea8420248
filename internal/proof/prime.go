package proof

import "math/bits"

// Prime is 2^61-1, modulo which sums are kept.
const Prime = 1<<61 - 1

// Mul multiplies modulo Prime; both factors are below it.
func Mul(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return (low&Prime + (low>>61 | high<<3)) % Prime
}

// Inverse is 1/a modulo Prime; a is not 0.
func Inverse(a uint64) uint64 {
	out := uint64(1)
	for e := uint64(Prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			out = Mul(out, a)
		}
		a = Mul(a, a)
	}
	return out
}

// Minus subtracts modulo Prime.
func Minus(a, b uint64) uint64 { return (a%Prime + Prime - b%Prime) % Prime }
