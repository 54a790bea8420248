//go:build !race

package lawtest

// raceEnabled: see race_test.go.
const raceEnabled = false
