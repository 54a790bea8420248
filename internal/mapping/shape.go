package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// reader takes the tree apart and notes everything that is wrong with it.
type reader struct {
	doc      *document
	dir      string // folder that relative paths are relative to
	problems Problems
	broken   map[Position]bool // places that were refused as YAML and need no second word
}

func (r *reader) refuse(at Position, near, format string, args ...any) {
	if r.broken[at] {
		return
	}
	r.problems = append(r.problems, r.doc.problem(at, fmt.Sprintf(format, args...), near))
}

// mapping wants a mapping with keys out of known; rest says that other keys
// are allowed, for a connector. It returns false when there is no mapping.
func (r *reader) mapping(n *Node, subject string, known, later []string, rest bool) bool {
	if n.kind != nodeMap {
		r.refuse(n.at, "", "%sexpected a mapping with %s, found %s", prefix(subject), alternatives(known), n.what())
		return false
	}
	for _, p := range n.pairs {
		key := p.key.text
		switch {
		case slices.Contains(known, key):
		case slices.Contains(later, key):
			r.refuse(p.key.at, "", "%s%q is not supported yet", prefix(subject), key)
		case !rest:
			near := Near(key, known)
			if near == "" {
				r.refuse(p.key.at, "", "%sunknown key %q, expected %s", prefix(subject), key, alternatives(known))
				continue
			}
			r.refuse(p.key.at, near, "%sunknown key %q", prefix(subject), key)
		}
	}
	return true
}

// require notes the keys that are missing from a mapping. One that is there
// under a name that is nearly right was told as an unknown key.
func (r *reader) require(n *Node, subject string, keys ...string) {
	for _, key := range keys {
		misspelled := slices.ContainsFunc(n.pairs, func(p pair) bool { return Near(p.key.text, []string{key}) != "" })
		if n.get(key) == nil && !misspelled {
			r.refuse(n.at, "", "%srequired key %q is missing", prefix(subject), key)
		}
	}
}

// scalar gives a single value's text as it is written.
func (r *reader) scalar(n *Node, subject string) (string, bool) {
	if n.kind == nodeNull {
		r.refuse(n.at, "", "%sexpected a value, found nothing", prefix(subject))
		return "", false
	}
	if n.kind != nodeScalar {
		r.refuse(n.at, "", "%sexpected a single value, found %s", prefix(subject), n.what())
		return "", false
	}
	return n.text, true
}

// word is a scalar that may not be empty.
func (r *reader) word(n *Node, subject string) string {
	text, ok := r.scalar(n, subject)
	if ok && strings.TrimSpace(text) == "" {
		r.refuse(n.at, "", "%sexpected a value, found empty text", prefix(subject))
	}
	return text
}

// optional is word for a key that may be left out.
func (r *reader) optional(parent *Node, key, subject string) string {
	n := parent.get(key)
	if n == nil {
		return ""
	}
	return r.word(n, prefix(subject)+key)
}

// words takes one word or a list of them, and their places.
func (r *reader) words(n *Node, subject string) ([]string, []Position) {
	items := []*Node{n}
	if n.kind == nodeList {
		items = n.items
		if len(items) == 0 {
			r.refuse(n.at, "", "%sexpected at least one value, found an empty list", prefix(subject))
		}
	}
	var texts []string
	var places []Position
	for _, item := range items {
		before := len(r.problems)
		if text := r.word(item, subject); len(r.problems) == before {
			texts, places = append(texts, text), append(places, item.at)
		}
	}
	return texts, places
}

// truth reads a key that is true or false; one that is left out is false.
func (r *reader) truth(parent *Node, key, subject string) bool {
	n := parent.get(key)
	return n != nil && r.choice(n, prefix(subject)+key, []string{"true", "false"}, nil) == "true"
}

// choice is a word out of a closed list; empty when it is none of them.
func (r *reader) choice(n *Node, subject string, choices, later []string) string {
	text := r.word(n, subject)
	switch {
	case slices.Contains(choices, text):
		return text
	case slices.Contains(later, text):
		r.refuse(n.at, "", "%s%q is not supported yet", prefix(subject), text)
	case text != "":
		r.refuse(n.at, Near(text, choices), "%sexpected %s, found %q", prefix(subject), alternatives(choices), text)
	}
	return ""
}

// rest makes the Node of the keys that are not known; nil when there are none.
func rest(n *Node, subject string, known, later []string) *Node {
	left := &Node{kind: nodeMap, at: n.at, doc: n.doc, subject: subject}
	for _, p := range n.pairs {
		if !slices.Contains(known, p.key.text) && !slices.Contains(later, p.key.text) {
			left.pairs = append(left.pairs, p)
		}
	}
	if len(left.pairs) == 0 {
		return nil
	}
	return left
}

func prefix(subject string) string {
	if subject == "" {
		return ""
	}
	return subject + ": "
}

// alternatives prints "a, b or c".
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
