package mapping

import "regexp"

var (
	entityName     = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	connectionName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	migrationName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// places remembers where values stand, by their key; an item of a list has its
// number behind the key.
type places map[string][]Position

func (p places) set(key string, n *Node) {
	if n == nil {
		return
	}
	if n.kind == nodeList && len(n.items) > 0 {
		for _, item := range n.items {
			p[key] = append(p[key], item.at)
		}
		return
	}
	p[key] = []Position{n.at}
}

// of is the place of the i-th value of a key, or the fallback where the model
// was not read from a file.
func (p places) of(key string, i int, fallback Position) Position {
	if at := p[key]; i < len(at) {
		return at[i]
	}
	return fallback
}
