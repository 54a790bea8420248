package mapping

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const masked = "***"

// Secrets are masked in the text as well as by what parsing found, since a
// file that cannot be parsed is shown too.
var (
	secretKey   = regexp.MustCompile(`(?i)(?:passw[a-z]*|passphrase|pwd|secret|token|api_?key)["']?\s*[:=]\s*("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}&;"']+)`)
	urlUserInfo = regexp.MustCompile(`://[^/?#\s:@]*:([^\s]*)@`)
)

// mask hides what looks like a secret in a line and tells where the column
// stands afterwards.
func mask(line string, column int, secrets []string) (shown string, caret int) {
	var spans [][2]int
	for _, pattern := range []*regexp.Regexp{secretKey, urlUserInfo} {
		for _, at := range pattern.FindAllStringSubmatchIndex(line, -1) {
			if !isReference(strings.Trim(line[at[2]:at[3]], `"'`)) {
				spans = append(spans, [2]int{at[2], at[3]})
			}
		}
	}
	for _, secret := range secrets {
		for from := 0; secret != ""; {
			at := strings.Index(line[from:], secret)
			if at < 0 {
				break
			}
			spans = append(spans, [2]int{from + at, from + at + len(secret)})
			from += at + len(secret)
		}
	}
	slices.SortFunc(spans, func(a, b [2]int) int { return a[0] - b[0] })
	var b strings.Builder
	done, caret := 0, column
	at := runeOffset(line, column)
	for _, span := range spans {
		if span[1] <= done {
			continue
		}
		span[0] = max(span[0], done)
		b.WriteString(line[done:span[0]])
		b.WriteString(masked)
		done = span[1]
		switch {
		case at >= span[1]:
			caret += len(masked) - utf8.RuneCountInString(line[span[0]:span[1]])
		case at > span[0]:
			caret -= utf8.RuneCountInString(line[span[0]:at])
			at = span[0]
		}
	}
	b.WriteString(line[done:])
	return b.String(), caret
}

// runeOffset is the byte at which the character in the column starts.
func runeOffset(line string, column int) int {
	for i := range line {
		if column--; column <= 0 {
			return i
		}
	}
	return len(line)
}
