package sqldb

import (
	"fmt"
	"strings"
)

// NoTable is the error for a name that no table has: ErrNoTable with the
// nearest of the names that exist, when one is near.
func NoTable(name string, existing []string) error {
	if near := Near(name, existing); near != "" {
		return fmt.Errorf("%w: %s (did you mean %s?)", ErrNoTable, name, near)
	}
	return fmt.Errorf("%w: %s", ErrNoTable, name)
}

// Near returns the candidate that a person most likely meant by the name, or
// "" when none is near: first one that differs in case only, then one that
// only has a schema more or less, then the fewest typing errors, at most one
// in three letters.
func Near(name string, candidates []string) string {
	if name == "" {
		return ""
	}
	for _, candidate := range candidates {
		if strings.EqualFold(candidate, name) {
			return candidate
		}
	}
	for _, candidate := range candidates {
		if strings.EqualFold(lastPart(candidate), lastPart(name)) {
			return candidate
		}
	}
	best, fewest := "", max(1, len([]rune(name))/3)+1
	for _, candidate := range candidates {
		if errors := distance(strings.ToLower(name), strings.ToLower(candidate)); errors < fewest {
			best, fewest = candidate, errors
		}
	}
	return best
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// distance counts the letters to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	costs := make([]int, len(to)+1)
	for j := range costs {
		costs[j] = j
	}
	for i, letter := range from {
		diagonal := costs[0]
		costs[0] = i + 1
		for j, other := range to {
			cost := diagonal
			if letter != other {
				cost++
			}
			diagonal = costs[j+1]
			costs[j+1] = min(cost, costs[j]+1, costs[j+1]+1)
		}
	}
	return costs[len(to)]
}
