//go:build race

package lawtest

// raceEnabled: the race detector makes everything slower by a factor, so the
// large test takes fewer records.
const raceEnabled = true
