package cloudemulator

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
)

// selector names a record in one of three ways, and may say which state of it
// is meant.
type selector struct {
	uuid      *uuid
	id        int64 // 0: not by id
	attribute string
	value     any
	// created and lastUpdated are in microseconds since 1970.
	created, lastUpdated *int64
}

func parseSelector(form url.Values) (selector, *failure) {
	var sel selector
	switch {
	case form.Has("uuid"):
		parsed, ok := parseUUID(form.Get("uuid"))
		if !ok {
			return sel, invalid("uuid", "uuid is not a uuid")
		}
		sel.uuid = &parsed
	case form.Has("id"):
		id, err := strconv.ParseInt(form.Get("id"), 10, 64)
		if err != nil || id <= 0 {
			return sel, invalid("id", "id is not a positive integer")
		}
		sel.id = id
	case form.Has("key_attribute"):
		if !form.Has("key_value") {
			return sel, missing("key_value")
		}
		value, err := decodeJSON[any]([]byte(form.Get("key_value")))
		if err != nil || value == nil {
			return sel, invalid("key_value", "key_value is not a JSON value: text stands in double quotes")
		}
		sel.attribute, sel.value = form.Get("key_attribute"), value
	default:
		return sel, missing("uuid")
	}
	for name, into := range map[string]**int64{"created": &sel.created, "lastUpdated": &sel.lastUpdated} {
		if form.Has(name) {
			at, ok := parseTime(form.Get(name))
			if !ok {
				return sel, invalid(name, "%s is not a time such as 2000-12-31 12:00:00", name)
			}
			micros := at.UnixMicro()
			*into = &micros
		}
	}
	return sel, nil
}

// selected finds the record, decoded. The lock is held by the caller.
func (s *store) selected(sel selector) (*record, *failure) {
	place, found, failed := s.placeOf(sel)
	if failed != nil {
		return nil, failed
	}
	if !found || s.slots[place].attributes == nil {
		return nil, &failure{code: codeNotFound, description: "record not found"}
	}
	at := s.slots[place]
	for name, times := range map[string]struct {
		want *int64
		is   int64
	}{"created": {sel.created, at.created}, "lastUpdated": {sel.lastUpdated, at.changed}} {
		if times.want != nil && *times.want != times.is {
			return nil, &failure{code: codeChangedSince, argument: name, description: "the record's " + name + " is another one"}
		}
	}
	return at.decoded(place), nil
}

func (s *store) placeOf(sel selector) (place uint32, found bool, failed *failure) {
	switch {
	case sel.uuid != nil:
		place, found = s.byUUID[*sel.uuid]
		return place, found, nil
	case sel.attribute == "":
		return s.placeOfID(sel.id)
	case sel.attribute == "id":
		return s.placeOfID(elementID(sel.value))
	case sel.attribute == "uuid":
		text, _ := sel.value.(string)
		parsed, ok := parseUUID(text)
		if ok {
			place, found = s.byUUID[parsed]
		}
		return place, found, nil
	}
	rule := s.ruleOf(sel.attribute)
	if rule == nil {
		if a, _ := attributeAt(s.declared.Attributes, sel.attribute); a == nil {
			return 0, false, &failure{code: codeUnknownAttribute, argument: "key_attribute", description: "unknown attribute: " + sel.attribute}
		}
		return 0, false, invalid("key_attribute", "the attribute %s is not unique", sel.attribute)
	}
	switch sel.value.(type) {
	case string, bool, json.Number:
	default:
		return 0, false, invalid("key_value", "key_value is not a single value")
	}
	place, found = rule.places[":"+foldValue(rule.attributes[0], sel.value)]
	return place, found, nil
}

func (s *store) placeOfID(id int64) (uint32, bool, *failure) {
	if id < 1 || id > int64(len(s.slots)) {
		return 0, false, nil
	}
	return uint32(id - 1), true, nil
}

// ruleOf is the unique rule of a single attribute.
func (s *store) ruleOf(path string) *uniqueRule {
	i := slices.IndexFunc(s.rules, func(rule *uniqueRule) bool { return len(rule.paths) == 1 && rule.paths[0] == path })
	if i < 0 {
		return nil
	}
	return s.rules[i]
}
