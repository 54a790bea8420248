//go:build !race

package lifetest

const underRace = false
