package mapping

// Node is a piece of the mapping file with its position, for a connector to
// decode its own settings from.
type Node struct{}

// Decode fills a struct from the node; unknown keys are Problems with positions.
func (n *Node) Decode(into any) error { return nil }
