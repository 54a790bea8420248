package httpapi

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"landfall/internal/record"
	"landfall/internal/target"
)

// longestMessage is how much of what an API says is kept, in characters.
const longestMessage = 500

// plain is what an API says, without what would move a terminal's cursor, and
// of a bearable length.
func plain(message string) string {
	message = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, strings.ToValidUTF8(strings.TrimSpace(message), "\uFFFD"))
	if runes := []rune(message); len(runes) > longestMessage {
		return string(runes[:longestMessage]) + "…"
	}
	return message
}

// How long a value must be to be looked for in messages: shorter ones are words
// of every message. Long ones are found in another case, too.
const (
	shortestValue = 3
	foldedValue   = 8
)

// scrubbed takes the record's values out of a message: APIs repeat them, and
// messages are kept for ever and shown to everybody.
func scrubbed(message string, order *target.Order) string {
	hide := func(text string) {
		if text = strings.TrimSpace(text); len(text) < shortestValue {
			return
		}
		in, wanted := message, text
		if len(text) >= foldedValue || strings.Contains(text, "@") {
			in, wanted = foldASCII(message), foldASCII(text)
		}
		var b strings.Builder
		from := 0
		for {
			at := strings.Index(in[from:], wanted)
			if at < 0 {
				break
			}
			at += from
			behind := at + len(wanted)
			b.WriteString(message[from:at])
			if inWord(message, at, behind) {
				b.WriteString(message[at:behind])
			} else {
				b.WriteString("…")
			}
			from = behind
		}
		message = b.String() + message[from:]
	}
	for _, values := range [][]record.Value{order.Values, order.Before} {
		for _, value := range values {
			switch value.Kind() {
			case record.KindNull, record.KindBool:
			case record.KindJSON:
				if tree, ok := parseJSON([]byte(value.Raw())); ok {
					leaves(tree, hide)
				}
			default:
				hide(value.String())
			}
		}
	}
	return message
}

// leaves are the texts of a JSON tree.
func leaves(tree any, each func(string)) {
	switch tree := tree.(type) {
	case map[string]any:
		for _, member := range tree {
			leaves(member, each)
		}
	case []any:
		for _, item := range tree {
			leaves(item, each)
		}
	case string:
		each(tree)
	}
}

// foldASCII is the text in small letters, each byte where it was.
func foldASCII(text string) string {
	folded := []byte(text)
	for i, b := range folded {
		if b >= 'A' && b <= 'Z' {
			folded[i] = b + 'a' - 'A'
		}
	}
	return string(folded)
}

// inWord reports whether a part of a text is the inside of a longer word.
func inWord(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	first, _ := utf8.DecodeRuneInString(text[from:])
	last, _ := utf8.DecodeLastRuneInString(text[:to])
	behind, _ := utf8.DecodeRuneInString(text[to:])
	letter := func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }
	return letter(before) && letter(first) || letter(last) && letter(behind)
}

func foldEqual(a, b string) bool { return strings.EqualFold(a, b) }
