package mapping

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Near returns the candidate that was probably meant by word, or "". A
// difference in case alone is always near; otherwise about one letter in
// three may be wrong.
func Near(word string, candidates []string) string {
	folded := strings.ToLower(word)
	allowed := (utf8.RuneCountInString(word) + 1) / 3
	best, found := allowed+1, ""
	for _, candidate := range candidates {
		if candidate == word || candidate == "" {
			continue
		}
		lower := strings.ToLower(candidate)
		if lower == folded {
			return candidate
		}
		// Texts whose lengths differ by more than what is allowed need no look.
		if difference := len(lower) - len(folded); difference > 4*best || -difference > 4*best {
			continue
		}
		if d := distance([]rune(folded), []rune(lower)); d < best {
			best, found = d, candidate
		}
	}
	return found
}

// Hint is Near as the end of a sentence: `, did you mean "name"?`, or "".
func Hint(word string, candidates []string) string {
	near := Near(word, candidates)
	if near == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", near)
}

// distance is Levenshtein's, counting two swapped neighbours as one mistake.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
