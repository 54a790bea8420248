package cloudemulator

import (
	"encoding/json"
	"strconv"
	"strings"
)

// uniqueRule forbids that two records agree in all of its attributes, and finds
// records by them.
type uniqueRule struct {
	paths      []string
	attributes []*Attribute
	places     map[string]uint32 // to a place among the store's slots
}

func uniqueRules(t Type) []*uniqueRule {
	var rules []*uniqueRule
	add := func(paths []string) {
		rule := &uniqueRule{paths: paths, places: map[string]uint32{}}
		for _, path := range paths {
			found, _ := attributeAt(t.Attributes, path)
			rule.attributes = append(rule.attributes, found)
		}
		rules = append(rules, rule)
	}
	var walk func(attributes []Attribute, prefix string)
	walk = func(attributes []Attribute, prefix string) {
		for _, a := range attributes {
			if a.Unique {
				add([]string{prefix + a.Name})
			}
			if a.Kind == Object {
				walk(a.Attributes, prefix+a.Name+".")
			}
		}
	}
	walk(t.Attributes, "")
	for _, paths := range t.Unique {
		add(paths)
	}
	return rules
}

// key is what a record must not share with another; empty where an attribute is
// null.
func (u *uniqueRule) key(attributes values) string {
	var key strings.Builder
	for i, path := range u.paths {
		value := valueAt(attributes, path)
		if value == nil {
			return ""
		}
		folded := foldValue(u.attributes[i], value)
		if len(u.paths) > 1 {
			key.WriteString(strconv.Itoa(len(folded)))
		}
		// A mark before each value tells a rule's empty text from no key.
		key.WriteString(":" + folded)
	}
	return key.String()
}

// foldValue makes values equal that an attribute takes for equal.
func foldValue(a *Attribute, value any) string {
	switch value := value.(type) {
	case string:
		if a.CaseSensitive {
			return value
		}
		return strings.ToLower(value)
	case bool:
		return strconv.FormatBool(value)
	case json.Number:
		return value.String()
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// valueAt reads a single attribute; objects on the way may be missing.
func valueAt(attributes values, path string) any {
	for {
		name, rest, more := strings.Cut(path, ".")
		if !more {
			return attributes[name]
		}
		inside, is := attributes[name].(values)
		if !is {
			return nil
		}
		attributes, path = inside, rest
	}
}

func (s *store) keysOf(attributes values) []string {
	keys := make([]string, len(s.rules))
	for i, rule := range s.rules {
		keys[i] = rule.key(attributes)
	}
	return keys
}

// admit tells whether a record may stand in the store, at its place if it has
// one, and returns its keys.
func (s *store) admit(attributes values, place *uint32) ([]string, *failure) {
	if failed := whole(s.declared.Attributes, attributes, ""); failed != nil {
		return nil, failed
	}
	keys := s.keysOf(attributes)
	for i, rule := range s.rules {
		holder, taken := rule.places[keys[i]]
		if keys[i] != "" && taken && (place == nil || holder != *place) {
			return nil, duplicate(strings.Join(rule.paths, ","))
		}
	}
	return keys, nil
}

func (s *store) enter(place uint32, keys []string) {
	for i, rule := range s.rules {
		if keys[i] != "" {
			rule.places[keys[i]] = place
		}
	}
}

func (s *store) leave(keys []string) {
	for i, rule := range s.rules {
		delete(rule.places, keys[i])
	}
}
