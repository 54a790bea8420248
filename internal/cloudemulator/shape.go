package cloudemulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// values are the attributes of a record or of a part of it. What is null is
// left out; objects are values in turn, plurals are lists of them with an "id"
// each.
type values = map[string]any

// shaping takes attributes of requests into records of a type.
type shaping struct {
	// newElement numbers an element of a plural.
	newElement func() int64
}

// merge puts given attributes into a record: what is absent stays, null clears,
// objects are merged, elements of plurals are appended, or replace the element
// whose id they bear.
func (s shaping) merge(attributes []Attribute, into, given values, prefix string) *failure {
	known := 0
	for i := range attributes {
		a := &attributes[i]
		value, is := given[a.Name]
		if !is {
			continue
		}
		known++
		if failed := s.mergeOne(a, into, value, prefix+a.Name); failed != nil {
			return failed
		}
	}
	if known == len(given) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if named(attributes, name) == nil {
			return &failure{code: codeUnknownAttribute, attribute: prefix + name, description: "unknown attribute: " + prefix + name}
		}
	}
	return nil
}

func (s shaping) mergeOne(a *Attribute, into values, value any, path string) *failure {
	if value == nil {
		delete(into, a.Name)
		return nil
	}
	switch a.Kind {
	case Object:
		given, is := value.(values)
		if !is {
			return badFormat(path, "an object")
		}
		inside, _ := into[a.Name].(values)
		inside = cloned(inside)
		if failed := s.merge(a.Attributes, inside, given, path+"."); failed != nil {
			return failed
		}
		into[a.Name] = inside
	case Plural:
		given, is := value.([]any)
		if !is {
			return badFormat(path, "an array of objects")
		}
		before, _ := into[a.Name].([]any)
		elements, failed := s.elements(a, append([]any(nil), before...), given, path)
		if failed != nil {
			return failed
		}
		into[a.Name] = elements
	default:
		kept, failed := a.scalar(path, value)
		if failed != nil {
			return failed
		}
		into[a.Name] = kept
	}
	return nil
}

// elements puts given elements behind those of a plural, or in their place.
func (s shaping) elements(a *Attribute, elements, given []any, path string) ([]any, *failure) {
	for i, value := range given {
		at := fmt.Sprintf("%s[%d]", path, i)
		object, is := value.(values)
		if !is {
			return nil, badFormat(at, "an object")
		}
		place := len(elements)
		id, named := object["id"]
		if named {
			object = cloned(object)
			delete(object, "id")
			if place = elementAt(elements, elementID(id)); place < 0 {
				return nil, &failure{code: codeNotFound, attribute: path, description: "no such element: " + path + "#" + fmt.Sprint(id)}
			}
		}
		element := values{}
		if failed := s.merge(a.Attributes, element, object, path+"."); failed != nil {
			return nil, failed
		}
		if named {
			element["id"] = elements[place].(values)["id"]
			elements[place] = element
			continue
		}
		element["id"] = json.Number(strconv.FormatInt(s.newElement(), 10))
		elements = append(elements, element)
	}
	return elements, nil
}

func elementAt(elements []any, id int64) int {
	for i, element := range elements {
		if elementID(element.(values)["id"]) == id {
			return i
		}
	}
	return -1
}

func elementID(value any) int64 {
	id, err := strconv.ParseInt(numberText(value), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

func cloned(from values) values {
	copied := make(values, len(from)+1)
	for name, value := range from {
		copied[name] = value
	}
	return copied
}

// whole checks what a record must keep as a whole: required attributes, and
// values that may stand only once in a plural.
func whole(attributes []Attribute, record values, prefix string) *failure {
	for i := range attributes {
		a := &attributes[i]
		path := prefix + a.Name
		value := record[a.Name]
		if a.Required && (value == nil || value == "") {
			return &failure{code: codeRequired, attribute: path, description: "missing required attribute: " + path}
		}
		switch a.Kind {
		case Object:
			inside, _ := value.(values)
			if failed := whole(a.Attributes, inside, path+"."); failed != nil {
				return failed
			}
		case Plural:
			elements, _ := value.([]any)
			if failed := wholePlural(a, elements, path); failed != nil {
				return failed
			}
		}
	}
	return nil
}

func wholePlural(a *Attribute, elements []any, path string) *failure {
	for _, element := range elements {
		if failed := whole(a.Attributes, element.(values), path+"."); failed != nil {
			return failed
		}
	}
	for i := range a.Attributes {
		inside := &a.Attributes[i]
		if !inside.LocallyUnique {
			continue
		}
		seen := map[string]bool{}
		for _, element := range elements {
			value := element.(values)[inside.Name]
			if value == nil {
				continue
			}
			folded := foldValue(inside, value)
			if seen[folded] {
				return duplicate(path + "." + inside.Name)
			}
			seen[folded] = true
		}
	}
	return nil
}
