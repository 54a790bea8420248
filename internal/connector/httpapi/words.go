package httpapi

import (
	"strings"
	"unicode"

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

// shortestValue is how long a value must be to be looked for in messages:
// shorter ones are words of every message.
const shortestValue = 3

// scrubbed takes the record's values out of a message: APIs repeat them, and
// messages are kept for ever and shown to everybody.
func scrubbed(message string, order *target.Order) string {
	hide := func(text string) {
		if len(text) < shortestValue {
			return
		}
		for {
			at := strings.Index(strings.ToLower(message), strings.ToLower(text))
			if at < 0 || at+len(text) > len(message) || !strings.EqualFold(message[at:at+len(text)], text) {
				return
			}
			message = message[:at] + "…" + message[at+len(text):]
		}
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

func foldEqual(a, b string) bool { return strings.EqualFold(a, b) }
