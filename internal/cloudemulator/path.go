package cloudemulator

import (
	"fmt"
	"strings"
)

// spot is a part of a record that a path leads to: an attribute, or one element
// of a plural.
type spot struct {
	attribute *Attribute
	holder    values // holds the attribute, by its name
	element   int    // of a plural that an id follows in the path; else -1
}

// locate follows a path such as primaryAddress.city or clients#12.channel.
// Objects on the way that are null are made, when make says so.
func locate(attributes []Attribute, record values, path string) (spot, *failure) {
	holder := record
	rest := path
	for {
		var part string
		var more bool
		part, rest, more = strings.Cut(rest, ".")
		name, id, isElement := strings.Cut(part, "#")
		a := named(attributes, name)
		if a == nil || isElement && a.Kind != Plural {
			return spot{}, &failure{code: codeUnknownAttribute, attribute: path, description: "unknown attribute: " + path}
		}
		at := spot{attribute: a, holder: holder, element: -1}
		if isElement {
			elements, _ := holder[name].([]any)
			if at.element = elementAt(elements, elementID(id)); at.element < 0 {
				return spot{}, &failure{code: codeNotFound, attribute: path, description: "no such element: " + path}
			}
		}
		if !more {
			return at, nil
		}
		switch {
		case isElement:
			holder = at.holder[name].([]any)[at.element].(values)
		case a.Kind == Object:
			inside, is := holder[name].(values)
			if !is {
				inside = values{}
				holder[name] = inside
			}
			holder = inside
		default:
			return spot{}, &failure{
				code: codeUnknownAttribute, attribute: path,
				description: fmt.Sprintf("%s: %s is no object; elements of plurals are named plural#id", path, name),
			}
		}
		attributes = a.Attributes
	}
}

// update merges a value into the spot.
func (s shaping) update(at spot, value any, path string) *failure {
	if at.element < 0 {
		return s.mergeOne(at.attribute, at.holder, value, path)
	}
	given, is := value.(values)
	if !is {
		return badFormat(path, "an object")
	}
	elements := at.holder[at.attribute.Name].([]any)
	return s.merge(at.attribute.Attributes, elements[at.element].(values), withoutID(given), path+".")
}

// replace puts a value in the spot's place. An element keeps its id; the
// elements of a plural get new ones.
func (s shaping) replace(at spot, value any, path string) *failure {
	if at.element < 0 {
		if at.attribute.Kind == Plural {
			value = withoutIDs(value)
		}
		delete(at.holder, at.attribute.Name)
		return s.mergeOne(at.attribute, at.holder, value, path)
	}
	elements := at.holder[at.attribute.Name].([]any)
	elements[at.element] = values{"id": elements[at.element].(values)["id"]}
	return s.update(at, value, path)
}

// clear makes the spot null, or takes the element away.
func (at spot) clear() {
	name := at.attribute.Name
	if at.element < 0 {
		delete(at.holder, name)
		return
	}
	elements := at.holder[name].([]any)
	at.holder[name] = append(elements[:at.element:at.element], elements[at.element+1:]...)
}

func withoutID(given values) values {
	if _, is := given["id"]; !is {
		return given
	}
	copied := cloned(given)
	delete(copied, "id")
	return copied
}

// withoutIDs takes the ids from the elements of all plurals that are about to
// be replaced.
func withoutIDs(value any) any {
	elements, is := value.([]any)
	if !is {
		return value
	}
	fresh := make([]any, len(elements))
	for i, element := range elements {
		fresh[i] = element
		if given, is := element.(values); is {
			fresh[i] = withoutID(given)
		}
	}
	return fresh
}
