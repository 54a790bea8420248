package cloudemulator

import "strings"

// projection is a choice of attributes: of those named, all or a part. Nil is
// all of them.
type projection map[string]projection

func (s *store) parseProjection(paths []string) (projection, *failure) {
	chosen := projection{}
	for _, path := range paths {
		if own(path) {
			chosen[path] = nil
			continue
		}
		if found, _ := attributeAt(s.declared.Attributes, path); found == nil {
			return nil, &failure{code: codeUnknownAttribute, argument: "attributes", description: "unknown attribute: " + path}
		}
		chosen.add(path)
	}
	return chosen, nil
}

func (p projection) add(path string) {
	name, rest, more := strings.Cut(path, ".")
	part, is := p[name]
	switch {
	case is && part == nil: // all of it is chosen
	case !more:
		p[name] = nil
	default:
		if part == nil {
			part = projection{}
			p[name] = part
		}
		part.add(rest)
	}
}

var ownNames = []string{"id", "uuid", "created", "lastUpdated"}

// appendChosen encodes a record with the chosen attributes alone.
func (s *store) appendChosen(to []byte, r *record, chosen projection) []byte {
	if chosen == nil {
		return s.appendRecord(to, r)
	}
	to = append(to, '{')
	first := true
	for _, name := range ownNames {
		if _, is := chosen[name]; is {
			to = appendOwn(appendName(to, name, &first), r, name)
		}
	}
	return append(chosen.appendParts(to, s.declared.Attributes, r.attributes, first), '}')
}

func (p projection) appendParts(to []byte, attributes []Attribute, part values, first bool) []byte {
	for i := range attributes {
		a := &attributes[i]
		inner, is := p[a.Name]
		if !is {
			continue
		}
		to = appendName(to, a.Name, &first)
		value := part[a.Name]
		switch {
		case inner == nil:
			to = appendAttribute(to, a, value)
		case a.Kind == Object:
			inside, _ := value.(values)
			to = append(inner.appendParts(append(to, '{'), a.Attributes, inside, true), '}')
		case a.Kind == Plural:
			elements, _ := value.([]any)
			to = appendElements(to, elements, func(to []byte, element values) []byte {
				to = appendValue(append(to, `{"id":`...), element["id"])
				return append(inner.appendParts(to, a.Attributes, element, false), '}')
			})
		}
	}
	return to
}
