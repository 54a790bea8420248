package httpapi

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"landfall/internal/mapping"
)

// words are what placeholders stand for while a request is made: JSON trees by
// placeholder; what is not there, or nil, is left out.
type words map[string]any

// template is a text with placeholders.
type template []part

// part is a text, or a placeholder.
type part struct {
	text string
	word string // key, field.email
	json bool   // {key|json}: as JSON text also where it is a plain text
}

// parseTemplate reads a text. A brace that opens no placeholder stands for
// itself; known judges the words.
func parseTemplate(text string, path []string, known []string, faults *faults) template {
	var t template
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			return append(t, part{text: text})
		}
		word, length := placeholder(text[open:])
		if length == 0 {
			t = append(t, part{text: text[:open+1]})
			text = text[open+1:]
			continue
		}
		if open > 0 {
			t = append(t, part{text: text[:open]})
		}
		text = text[open+length:]
		name, format, formatted := strings.Cut(word, "|")
		if formatted && format != "json" {
			faults.add(path, "", "{%s}: expected {%s} or {%s|json}", word, name, name)
		}
		if !knows(known, name) {
			faults.add(path, mapping.Near(name, known), "there is no {%s} here, expected {%s}", name, strings.Join(known, "}, {"))
		}
		t = append(t, part{word: name, json: formatted})
	}
	return t
}

// placeholder reads {word} at the start of a text.
func placeholder(text string) (word string, length int) {
	for i := 1; i < len(text); i++ {
		switch b := text[i]; {
		case b == '}' && i > 1:
			return text[1:i], i + 1
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', strings.IndexByte("._|-", b) >= 0:
		default:
			return "", 0
		}
	}
	return "", 0
}

// knows reports whether a placeholder is one of those known, or a part of one
// that has parts: field.email, key.id.
func knows(known []string, name string) bool {
	for _, word := range known {
		if name == word || strings.HasSuffix(word, ".") && strings.HasPrefix(name, word) && name != word {
			return true
		}
	}
	return false
}

// uses reports whether a placeholder occurs.
func (t template) uses(word string) bool {
	for _, p := range t {
		if p.word == word {
			return true
		}
	}
	return false
}

// render writes the text; there is none when it is nothing but a placeholder
// that stands for nothing. escape is applied to what placeholders stand for.
func (t template) render(w words, escape func(string) string) (text string, there bool) {
	if len(t) == 1 && t[0].word != "" && w[t[0].word] == nil {
		return "", false
	}
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.word == "":
			b.WriteString(p.text)
		case escape != nil:
			b.WriteString(escape(asText(w[p.word], p.json)))
		default:
			b.WriteString(asText(w[p.word], p.json))
		}
	}
	return b.String(), true
}

// asText writes a tree as a parameter: texts as they are, the rest as JSON.
func asText(value any, always bool) string {
	if value == nil {
		return ""
	}
	if text, plain := value.(string); plain && !always {
		return text
	}
	return string(marshal(value))
}

// encoded is a tree as JSON, without the escapes that HTML wants. Numbers without
// end and texts that are said to be JSON and are not have no such form.
func encoded(value any) (json.RawMessage, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, errNoJSON // err repeats values
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n")), nil
}

var errNoJSON = errors.New("it holds something that JSON has no form for")

// marshal is what an answer or an expression gave as JSON; nothing where that
// has no such form.
func marshal(value any) json.RawMessage {
	text, _ := encoded(value)
	return text
}

func escapePath(text string) string { return url.PathEscape(text) }

// tree is a JSON body with placeholders in it.
type tree struct {
	members map[string]*tree
	items   []*tree
	text    template
	literal any
	kind    treeKind
}

type treeKind int

const (
	treeLiteral treeKind = iota
	treeText
	treeObject
	treeList
)

func parseTree(value any, path, known []string, faults *faults) *tree {
	switch value := value.(type) {
	case map[string]any:
		t := &tree{kind: treeObject, members: map[string]*tree{}}
		for name, member := range value {
			t.members[name] = parseTree(member, under(path, name), known, faults)
		}
		return t
	case []any:
		t := &tree{kind: treeList}
		for _, item := range value {
			t.items = append(t.items, parseTree(item, path, known, faults))
		}
		return t
	case string:
		return &tree{kind: treeText, text: parseTemplate(value, path, known, faults)}
	}
	if _, err := encoded(value); err != nil {
		faults.add(path, "", "%v", err)
	}
	return &tree{kind: treeLiteral, literal: value}
}

// render makes the JSON tree; there is none where it is nothing but a
// placeholder that stands for nothing.
func (t *tree) render(w words) (value any, there bool) {
	switch t.kind {
	case treeObject:
		object := map[string]any{}
		for name, member := range t.members {
			if value, there := member.render(w); there {
				object[name] = value
			}
		}
		return object, true
	case treeList:
		list := []any{}
		for _, item := range t.items {
			if value, there := item.render(w); there {
				list = append(list, value)
			}
		}
		return list, true
	case treeText:
		if len(t.text) == 1 && t.text[0].word != "" && !t.text[0].json {
			value := w[t.text[0].word]
			return value, value != nil
		}
		text, there := t.text.render(w, nil)
		return text, there
	}
	return t.literal, true
}

// uses reports whether a placeholder occurs anywhere in it.
func (t *tree) uses(word string) bool {
	found := false
	t.each(func(text template) { found = found || text.uses(word) })
	return found
}

// each goes through its texts, in an order that is always the same.
func (t *tree) each(text func(template)) {
	if t == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(t.members)) {
		t.members[name].each(text)
	}
	for _, item := range t.items {
		item.each(text)
	}
	text(t.text)
}
