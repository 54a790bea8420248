package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"landfall/internal/connector/caller"
)

// parsed is an answer as expressions see it.
type parsed struct {
	env   map[string]any
	json  bool // the body is JSON
	empty bool // there is no body
}

// parse takes an answer apart.
func parse(a caller.Answer) parsed {
	headers := map[string]string{}
	for name, values := range a.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	body, ok := parseJSON(a.Body)
	return parsed{env: map[string]any{"status": a.Status, "headers": headers, "body": body}, json: ok, empty: len(bytes.TrimSpace(a.Body)) == 0}
}

// with is the environment with further names.
func (p parsed) with(name string, value any, more ...any) map[string]any {
	env := map[string]any{name: value}
	for key, value := range p.env {
		env[key] = value
	}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i].(string)] = more[i+1]
	}
	return env
}

// deepest is how deep an answer may be nested.
const deepest = 200

// parseJSON reads one JSON document: objects, lists, texts, truth values,
// whole numbers as int and other numbers as json.Number, so that no digit is
// lost.
func parseJSON(text []byte) (value any, ok bool) {
	if tooDeep(text) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, false
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, false // something stands behind it
	}
	return whole(value), true
}

func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{', b == '[':
			if depth++; depth > deepest {
				return true
			}
		case b == '}', b == ']':
			depth--
		}
	}
	return false
}

// whole makes ints of the numbers that are whole.
func whole(value any) any {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return int(n)
		}
	case map[string]any:
		for name, member := range value {
			value[name] = whole(member)
		}
	case []any:
		for i, item := range value {
			value[i] = whole(item)
		}
	}
	return value
}

// list is a value as a list: of one where it is none, and of none for nil.
func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	case []string: // made by an expression
		items := make([]any, len(value))
		for i, text := range value {
			items[i] = text
		}
		return items
	}
	return []any{value}
}
