package identitycloud

import (
	"maps"
	"slices"
	"strings"

	"landfall/internal/connector/httpapi"
	"landfall/internal/mapping"
)

// attribute is one of a type's, as a mapping file declares it.
type attribute struct {
	Type          string `yaml:"type"`
	Length        int    `yaml:"length"` // of text, in characters; 0: any
	Unique        bool   `yaml:"unique"`
	Required      bool   `yaml:"required"`
	CaseSensitive bool   `yaml:"case_sensitive"` // text differs by case alone
}

// kinds are the types of attributes, and what they are to httpapi.
var kinds = map[string]httpapi.Field{
	"string":   {Type: "text"},
	"boolean":  {Type: "boolean"},
	"integer":  {Type: "integer"},
	"decimal":  {Type: "decimal"},
	"date":     {Type: "date", Layout: "2006-01-02 15:04:05"},
	"dateTime": {Type: "timestamp", Layout: "2006-01-02 15:04:05.999999", Fraction: 6},
	"uuid":     {Type: "uuid"},
	"json":     {Type: "json"},
	// The service gives elements their ids, and shows attributes that hold nothing.
	"plural": {Type: "json", List: true, Sparse: true, Without: []string{"id"}, Alone: true},
	// What stands there is opaque, and never given back.
	"password": {Type: "json", Hidden: true},
}

// readTypes reads what is declared of the types; without a word, there is a type
// user of which nothing is.
func readTypes(node *mapping.Node) ([]*httpapi.Type, error) {
	if node == nil {
		return []*httpapi.Type{newType("user")}, nil
	}
	var found problems
	var types []*httpapi.Type
	for _, name := range node.Keys() {
		t := newType(name)
		var declared struct {
			Attributes *mapping.Node `yaml:"attributes"`
		}
		found.add(node.Child(name).Decode(&declared))
		for _, path := range declared.Attributes.Keys() {
			field, err := readAttribute(declared.Attributes.Child(path), path)
			found.add(err)
			t.Fields = append(t.Fields, field)
		}
		types = append(types, t)
	}
	if len(found) > 0 {
		return nil, mapping.Problems(found)
	}
	return types, nil
}

// readAttribute reads a declaration: the name of a type alone, or more.
func readAttribute(node *mapping.Node, path string) (httpapi.Field, error) {
	a := attribute{Type: "string"}
	typeAt := node
	if word, single := node.Text(); single {
		a.Type = word
	} else {
		if err := node.Decode(&a); err != nil {
			return httpapi.Field{}, err
		}
		if inner := node.Child("type"); inner != nil {
			typeAt = inner
		}
	}
	if own(path) {
		return httpapi.Field{}, node.Problem("", "the service keeps "+path+" by itself, and it is known already")
	}
	field, known := kinds[a.Type]
	if !known {
		names := slices.Sorted(maps.Keys(kinds))
		return httpapi.Field{}, mapping.Problems{typeAt.ProblemAt(nil, "expected one of "+strings.Join(names, ", "), mapping.Near(a.Type, names))}
	}
	field.Name, field.Length, field.Unique, field.Required, field.KeepsNull = path, a.Length, a.Unique, a.Required, true
	field.FoldCase = field.Type == "text" && !a.CaseSensitive
	return field, nil
}

// own reports whether the service keeps an attribute by itself.
func own(path string) bool {
	return path == "id" || path == "uuid" || path == "created" || path == "lastUpdated"
}
