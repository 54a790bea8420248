package jsonl

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"landfall/internal/record"
)

// object walks over the members of an object that is known to be valid JSON.
type object struct {
	rest string
	// broken is set when a string held half a surrogate pair, which is no text.
	broken bool
}

const blanks = " \t\r\n"

// openObject enters the object; false means that the text is something else.
func openObject(text string) (object, bool) {
	text = strings.TrimLeft(text, blanks)
	if text == "" || text[0] != '{' {
		return object{}, false
	}
	return object{rest: strings.TrimLeft(text[1:], blanks)}, true
}

// next returns a member; false ends the object.
func (o *object) next() (name string, value record.Value, more bool) {
	if o.rest[0] == ',' {
		o.rest = strings.TrimLeft(o.rest[1:], blanks)
	}
	if o.rest[0] == '}' {
		return "", record.Value{}, false
	}
	name = o.string()
	o.rest = strings.TrimLeft(o.rest, blanks)[1:] // the colon
	o.rest = strings.TrimLeft(o.rest, blanks)
	switch o.rest[0] {
	case '"':
		value = record.Text(o.string())
	case '{', '[':
		value = record.Text(o.nested())
	default:
		end := strings.IndexAny(o.rest, ",}"+blanks)
		word := o.rest[:end]
		o.rest = o.rest[end:]
		if word != "null" {
			value = record.Text(word)
		}
	}
	o.rest = strings.TrimLeft(o.rest, blanks)
	return name, value, true
}

// nested takes an object or array as it is written.
func (o *object) nested() string {
	depth := 0
	for i := 0; ; i++ {
		switch o.rest[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				text := o.rest[:i+1]
				o.rest = o.rest[i+1:]
				return text
			}
		case '"':
			i += stringEnd(o.rest[i:])
		}
	}
}

// stringEnd is where the closing quote of the string stands that text opens
// with.
func stringEnd(text string) int {
	for i := 1; ; i++ {
		switch text[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
}

// string takes a string's characters.
func (o *object) string() string {
	end := stringEnd(o.rest)
	text := o.rest[1:end]
	o.rest = o.rest[end+1:]
	at := strings.IndexByte(text, '\\')
	if at < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for ; at >= 0; at = strings.IndexByte(text, '\\') {
		out = append(out, text[:at]...)
		text = text[at:]
		if text[1] != 'u' {
			out, text = append(out, plain[text[1]]), text[2:]
			continue
		}
		r := unit(text)
		text = text[6:]
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if strings.HasPrefix(text, `\u`) {
				pair = utf16.DecodeRune(r, unit(text))
			}
			if pair == utf8.RuneError {
				o.broken = true
				continue
			}
			r, text = pair, text[6:]
		}
		out = utf8.AppendRune(out, r)
	}
	return string(append(out, text...))
}

// plain are the characters that stand behind a backslash for others.
var plain = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unit reads \uXXXX.
func unit(text string) rune {
	n, _ := strconv.ParseUint(text[2:6], 16, 16) // the text is valid JSON
	return rune(n)
}
