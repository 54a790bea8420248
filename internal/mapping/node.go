package mapping

import (
	"encoding/json"
	"slices"
	"strings"
)

// Node is a piece of the mapping file with its position, for a connector to
// decode its own settings from.
type Node struct {
	kind    nodeKind
	at      Position
	text    string // scalar: as written, without quotes
	quoted  bool
	items   []*Node
	pairs   []pair
	doc     *document
	subject string // what messages start with: "customer.from"
}

type pair struct {
	key   *Node // always a scalar
	value *Node
}

type nodeKind uint8

const (
	nodeNull nodeKind = iota // nothing written, ~ or null; text says which
	nodeScalar
	nodeList
	nodeMap
)

func (k nodeKind) String() string {
	return [...]string{"nothing", "a single value", "a list", "a mapping"}[k]
}

// what says what stands at the node.
func (n *Node) what() string {
	if n.kind == nodeMap && len(n.pairs) == 0 {
		return "an empty mapping"
	}
	if n.kind == nodeList && len(n.items) == 0 {
		return "an empty list"
	}
	return n.kind.String()
}

// Position is where the node starts; the zero Position for nil.
func (n *Node) Position() Position {
	if n == nil {
		return Position{}
	}
	return n.at
}

// Keys lists a mapping's keys in the file's order.
func (n *Node) Keys() []string {
	if n == nil {
		return nil
	}
	keys := make([]string, len(n.pairs))
	for i, p := range n.pairs {
		keys[i] = p.key.text
	}
	return keys
}

// Problem is an error about the value of a key, or about the node itself when
// the key is not there; connectors refuse values with it.
func (n *Node) Problem(key, message string) error {
	if n == nil {
		return Problems{{Message: message}}
	}
	at := n.at
	if value := n.get(key); value != nil {
		at = value.at
	}
	if key != "" {
		message = key + ": " + message
	}
	return Problems{n.doc.problem(at, n.about(message), "")}
}

// ProblemAt is an error about what stands at a path of keys below the node, or
// about the nearest that is there. near is what was probably meant; may be empty.
func (n *Node) ProblemAt(path []string, message, near string) *Problem {
	if n == nil {
		return &Problem{Message: strings.Join(path, ".") + ": " + message, Near: near}
	}
	named := n.Child(path...)
	if named == nil {
		named = n
		for i := range path {
			if inner := n.Child(path[:i+1]...); inner != nil {
				named = inner
			}
		}
	}
	subject := strings.Join(path, ".")
	switch {
	case subject == "":
		subject = n.subject
	case n.subject != "":
		subject = n.subject + "." + subject
	}
	return n.doc.problem(named.at, prefix(subject)+message, near)
}

// Child is what stands at a path of keys below the node; nil when nothing does.
func (n *Node) Child(path ...string) *Node {
	for _, key := range path {
		if n == nil {
			return nil
		}
		inner := n.get(key)
		if inner == nil {
			return nil
		}
		named := *inner
		named.subject = join(n.subject, key)
		n = &named
	}
	return n
}

// Text is a single value as it is written; false for anything else.
func (n *Node) Text() (string, bool) {
	if n == nil || n.kind != nodeScalar {
		return "", false
	}
	return n.text, true
}

// Subject is what messages about the node start with: "connections.crm.auth".
func (n *Node) Subject() string {
	if n == nil {
		return ""
	}
	return n.subject
}

// Any is the node as a JSON tree: maps by string, lists, texts, and where they
// are written without quotes, truth values and numbers (json.Number).
func (n *Node) Any() any {
	if n == nil {
		return nil
	}
	switch n.kind {
	case nodeList:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.Any()
		}
		return list
	case nodeMap:
		object := map[string]any{}
		for _, p := range n.pairs {
			object[p.key.text] = p.value.Any()
		}
		return object
	case nodeNull:
		return nil
	}
	switch {
	case n.quoted:
	case n.text == "true" || n.text == "false":
		return n.text == "true"
	case json.Valid([]byte(n.text)) && strings.ContainsAny(n.text[:1], "-0123456789"):
		return json.Number(n.text)
	}
	return n.text
}

// about puts the subject before a message.
func (n *Node) about(message string) string {
	if n.subject == "" {
		return message
	}
	return n.subject + ": " + message
}

func (n *Node) get(key string) *Node {
	if i := n.index(key); i >= 0 {
		return n.pairs[i].value
	}
	return nil
}

func (n *Node) index(key string) int {
	return slices.IndexFunc(n.pairs, func(p pair) bool { return p.key.text == key })
}

// absent says that nothing is written where a value could stand.
func (n *Node) absent() bool { return n == nil || (n.kind == nodeNull && n.text == "") }
