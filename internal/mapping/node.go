package mapping

import "slices"

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
