package mapping

// The words of `indexes`; keep is the default.
const (
	indexesKeep    = "keep"
	indexesRebuild = "rebuild"
)

var indexesWords = []string{indexesKeep, indexesRebuild}

// indexes reads `indexes` and `analyze`, the steps around an entity's load.
func (r *reader) indexes(e *Entity, n *Node) {
	if value := n.get("indexes"); value != nil {
		e.RebuildIndexes = r.choice(value, e.Name+": indexes", indexesWords, nil) == indexesRebuild
	}
	e.Analyze = r.truth(n, "analyze", e.Name)
	for _, key := range []string{"indexes", "analyze"} {
		e.at.set(key, n.get(key))
	}
}

// PositionOf is where the value of a key of the entity stands.
func (e *Entity) PositionOf(key string) Position { return e.at.of(key, 0, e.Position) }
