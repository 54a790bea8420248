package httpapi

import (
	"encoding/json"
	"strconv"
)

// put sets a value at a path within a tree, and makes the objects and lists that
// lead to it.
func put(into any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	if isPlace(path[0]) {
		if items, is := into.([]any); is || into == nil {
			place, err := strconv.Atoi(path[0])
			if err == nil {
				for len(items) <= place {
					items = append(items, nil)
				}
				items[place] = put(items[place], path[1:], value)
				return items
			}
		}
	}
	object, is := into.(map[string]any)
	if !is {
		object = map[string]any{}
	}
	object[path[0]] = put(object[path[0]], path[1:], value)
	return object
}

// at is what stands at a path within a tree; nil where nothing does.
func at(tree any, path []string) any {
	for _, member := range path {
		switch inner := tree.(type) {
		case map[string]any:
			tree = inner[member]
		case []any:
			place, err := strconv.Atoi(member)
			if err != nil || place < 0 || place >= len(inner) {
				return nil
			}
			tree = inner[place]
		case json.RawMessage:
			return nil
		default:
			return nil
		}
	}
	return tree
}
