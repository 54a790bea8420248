package cloudemulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is what an attribute holds, by the names that schemas give it.
type Kind string

// The kinds of attributes.
const (
	String   Kind = "string"
	Boolean  Kind = "boolean"
	Integer  Kind = "integer"
	Decimal  Kind = "decimal"
	Date     Kind = "date"
	DateTime Kind = "dateTime"
	JSON     Kind = "json"
	UUID     Kind = "uuid"
	Password Kind = "password"
	Object   Kind = "object"
	Plural   Kind = "plural"
)

var kinds = []Kind{String, Boolean, Integer, Decimal, Date, DateTime, JSON, UUID, Password, Object, Plural}

// Attribute is a part of a record. Its JSON form is that of a schema's
// attr_defs.
type Attribute struct {
	Name string
	Kind Kind
	// Length is how many characters a string may have; 0: any number.
	Length        int
	CaseSensitive bool // A and a differ, in comparisons and in unique rules
	Required      bool
	Unique        bool // no two records of the type hold one value
	LocallyUnique bool // no two elements of one record's plural hold one value
	Attributes    []Attribute
}

// Type is a type of record. The attributes id, uuid, created and lastUpdated
// are the service's own, and are there without being named.
type Type struct {
	Name       string
	Attributes []Attribute
	// Unique are rules that span several attributes, by their paths. A rule does
	// not bind records in which one of its attributes is null.
	Unique [][]string
}

type attributeText struct {
	Name          string          `json:"name"`
	Kind          string          `json:"type"`
	Length        int             `json:"length,omitempty"`
	CaseSensitive bool            `json:"case-sensitive,omitempty"`
	Constraints   []string        `json:"constraints,omitempty"`
	Attributes    []attributeText `json:"attr_defs,omitempty"`
}

type typeText struct {
	Name       string          `json:"name"`
	Attributes []attributeText `json:"attr_defs"`
	Unique     [][]string      `json:"unique,omitempty"`
}

// ParseSchema reads types from JSON: one type, a list of them, or an answer
// that holds one under "schema". Unknown keys are let pass, since the service's
// own schemas have more of them than there are needed here.
func ParseSchema(text []byte) ([]Type, error) {
	var answer struct {
		Schema *typeText `json:"schema"`
	}
	var one typeText
	var many []typeText
	if err := json.Unmarshal(text, &many); err != nil {
		many = nil
		if err := json.Unmarshal(text, &answer); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, err
		}
		if answer.Schema != nil {
			one = *answer.Schema
		}
		many = []typeText{one}
	}
	var types []Type
	for _, text := range many {
		t := Type{Name: text.Name, Unique: text.Unique}
		for _, a := range text.Attributes {
			if !own(a.Name) {
				t.Attributes = append(t.Attributes, a.attribute())
			}
		}
		types = append(types, t)
	}
	return types, check(types)
}

func (a attributeText) attribute() Attribute {
	parsed := Attribute{
		Name: a.Name, Kind: Kind(a.Kind), Length: a.Length, CaseSensitive: a.CaseSensitive,
		Required:      slices.Contains(a.Constraints, "required"),
		Unique:        slices.Contains(a.Constraints, "unique"),
		LocallyUnique: slices.Contains(a.Constraints, "locally-unique"),
	}
	if strings.HasPrefix(a.Kind, string(Password)) {
		parsed.Kind = Password // passwords carry how they are hashed in their type
	}
	for _, sub := range a.Attributes {
		if sub.Name != "id" || parsed.Kind != Plural {
			parsed.Attributes = append(parsed.Attributes, sub.attribute())
		}
	}
	return parsed
}

// check tells what is wrong with types before a record shows it.
func check(types []Type) error {
	if len(types) == 0 {
		return errors.New("the schema holds no type")
	}
	seen := map[string]bool{}
	for _, t := range types {
		if t.Name == "" || len(t.Attributes) == 0 {
			return fmt.Errorf("type %q: expected a name and at least one attribute in attr_defs", t.Name)
		}
		if seen[t.Name] {
			return fmt.Errorf("type %q stands twice in the schema", t.Name)
		}
		seen[t.Name] = true
		if err := checkAttributes(t.Name, t.Attributes, false); err != nil {
			return err
		}
		for _, rule := range t.Unique {
			for _, path := range rule {
				found, inPlural := attributeAt(t.Attributes, path)
				if found == nil || inPlural || found.Kind == Object || found.Kind == Plural {
					return fmt.Errorf("type %q: the unique rule over %s names %q, which is no single attribute of it", t.Name, strings.Join(rule, ", "), path)
				}
			}
		}
	}
	return nil
}

func checkAttributes(owner string, attributes []Attribute, inPlural bool) error {
	seen := map[string]bool{}
	for _, a := range attributes {
		path := owner + "." + a.Name
		nested := a.Kind == Object || a.Kind == Plural
		switch {
		case a.Name == "" || strings.ContainsAny(a.Name, ".#"):
			return fmt.Errorf("%s: an attribute's name is not empty, and without . and #", path)
		case seen[a.Name]:
			return fmt.Errorf("%s stands twice in the schema", path)
		case !slices.Contains(kinds, a.Kind):
			return fmt.Errorf("%s: type %q is none of %v", path, a.Kind, kinds)
		case nested != (len(a.Attributes) > 0):
			return fmt.Errorf("%s: objects and plurals have attributes of their own in attr_defs, and no others have", path)
		case a.Unique && (nested || inPlural):
			return fmt.Errorf("%s: unique binds single attributes; inside a plural it is locally-unique", path)
		case a.LocallyUnique && !inPlural:
			return fmt.Errorf("%s: locally-unique binds attributes of a plural's elements", path)
		}
		seen[a.Name] = true
		if err := checkAttributes(path, a.Attributes, inPlural || a.Kind == Plural); err != nil {
			return err
		}
	}
	return nil
}

// own tells the attributes that the service keeps by itself.
func own(name string) bool {
	return name == "id" || name == "uuid" || name == "created" || name == "lastUpdated"
}

// attributeAt finds an attribute by its path, and tells whether it lies inside
// a plural.
func attributeAt(attributes []Attribute, path string) (found *Attribute, inPlural bool) {
	for {
		name, rest, more := strings.Cut(path, ".")
		found = named(attributes, name)
		if found == nil || !more {
			return found, inPlural
		}
		inPlural = inPlural || found.Kind == Plural
		attributes, path = found.Attributes, rest
	}
}

func named(attributes []Attribute, name string) *Attribute {
	for i := range attributes {
		if attributes[i].Name == name {
			return &attributes[i]
		}
	}
	return nil
}
