package httpapi

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"landfall/internal/record"
	"landfall/internal/sqldb"
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
// of every message. Long ones are found in another case and within words, too.
const (
	shortestValue = 3
	foldedValue   = 8
)

// longestSearched is how much of a message is searched for values, in bytes; it is
// more than is kept of it, whatever is taken out.
const longestSearched = 8000

// told is a ruling without what its words must not repeat: secrets, and what the
// call carried. APIs do repeat it, and messages are kept for ever and shown to
// everybody.
func (a *api) told(r ruling, carried func() []string) ruling {
	if r.message == "" && len(r.columns) == 0 {
		return r
	}
	texts := a.secrets
	if carried != nil {
		texts = slices.Concat(texts, carried())
	}
	// What contains another is taken out before it.
	slices.SortStableFunc(texts, func(a, b string) int { return len(b) - len(a) })
	r.message = plain(without(r.message, texts))
	r.columns = slices.Clone(r.columns)
	for i, column := range r.columns {
		r.columns[i] = plain(without(column, texts))
	}
	return r
}

// without takes texts out of a message.
func without(message string, texts []string) string {
	if len(message) > longestSearched {
		message = message[:longestSearched]
	}
	folded := foldASCII(message)
	for _, text := range texts {
		if text = strings.TrimSpace(text); len(text) < shortestValue {
			continue
		}
		for _, form := range formsOf(text) {
			in, wanted, anywhere := message, form, len(form) >= foldedValue
			if anywhere || strings.Contains(form, "@") {
				in, wanted = folded, foldASCII(form)
			}
			if !strings.Contains(in, wanted) {
				continue
			}
			message = cutOut(message, in, wanted, anywhere)
			folded = foldASCII(message)
		}
	}
	return message
}

// formsOf are the forms in which a text may stand in a message: as it is, and as
// JSON or a URL has it.
func formsOf(text string) []string {
	forms := []string{text}
	for _, form := range []string{strings.Trim(string(marshal(text)), `"`), url.QueryEscape(text), url.PathEscape(text)} {
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return forms
}

// cutOut puts an ellipsis for each place of a message where a text stands; in is
// the message, or that in small letters.
func cutOut(message, in, wanted string, anywhere bool) string {
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
		if !anywhere && inWord(message, at, behind) {
			b.WriteString(message[at:behind])
		} else {
			b.WriteString("…")
		}
		from = behind
	}
	return b.String() + message[from:]
}

// carriedBy gives the values of the jobs' orders.
func (r *remote) carriedBy(jobs ...*job) func() []string {
	return func() (texts []string) {
		for _, j := range jobs {
			texts = append(texts, r.textsOf(j.order.Columns, [][]record.Value{j.order.Values, j.order.Before})...)
		}
		return texts
	}
}

// textsOf are rows as texts, in the forms in which they are told and written.
func (r *remote) textsOf(columns []sqldb.Column, rows [][]record.Value) []string {
	var texts []string
	for _, row := range rows {
		for i, value := range row {
			switch value.Kind() {
			case record.KindNull, record.KindBool:
			case record.KindJSON:
				if tree, ok := parseJSON([]byte(value.Raw())); ok {
					leaves(tree, func(text string) { texts = append(texts, text) })
				}
			default:
				texts = append(texts, value.String())
				if i < len(columns) {
					if written, is := r.field(columns[i].Name).write(value).(string); is && written != value.String() {
						texts = append(texts, written)
					}
				}
			}
		}
	}
	return texts
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
	case int, json.Number:
		each(text(tree))
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
