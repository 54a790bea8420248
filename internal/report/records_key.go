package report

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// KeyFilter chooses records by their source keys.
type KeyFilter struct {
	pattern   *regexp.Regexp
	low, high string // of a range; empty is open
	numbers   [2]*big.Rat
	numeric   bool
	ranged    bool
}

// ParseKeyFilter reads a key (1042), a pattern (A-* or 10??, with a backslash
// before a character that stands for itself), or a range whose ends belong to
// it (1000..1999, 1000.., ..B). A range between numbers compares numbers and
// takes no other keys; others compare as texts.
func ParseKeyFilter(text string) (*KeyFilter, error) {
	if low, high, found := strings.Cut(text, ".."); found {
		if low == "" && high == "" {
			return nil, fmt.Errorf("a range such as 1000..1999 or 1000.. needs an end")
		}
		k := &KeyFilter{low: low, high: high, ranged: true, numeric: true}
		for i, end := range []string{low, high} {
			if end == "" {
				continue
			}
			var isNumber bool
			if k.numbers[i], isNumber = number10(end); !isNumber {
				k.numeric = false
			}
		}
		return k, nil
	}
	var pattern strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '*':
			pattern.WriteString(".*")
		case c == '?':
			pattern.WriteString(".")
		case c == '\\' && i+1 < len(text):
			i++
			pattern.WriteString(regexp.QuoteMeta(text[i : i+1]))
		case c >= 0x80:
			pattern.WriteByte(c) // a part of a longer character
		default:
			pattern.WriteString(regexp.QuoteMeta(text[i : i+1]))
		}
	}
	compiled, err := regexp.Compile(`(?s)\A(?:` + pattern.String() + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("%q is no text", text)
	}
	return &KeyFilter{pattern: compiled}, nil
}

var digits = regexp.MustCompile(`\A-?[0-9]+(\.[0-9]+)?\z`)

func number10(text string) (*big.Rat, bool) {
	if !digits.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// Takes reports whether the filter chooses the key.
func (k *KeyFilter) Takes(key string) bool {
	if !k.ranged {
		return k.pattern.MatchString(key)
	}
	if k.numeric {
		n, isNumber := number10(key)
		return isNumber && (k.low == "" || n.Cmp(k.numbers[0]) >= 0) && (k.high == "" || n.Cmp(k.numbers[1]) <= 0)
	}
	return (k.low == "" || key >= k.low) && (k.high == "" || key <= k.high)
}
