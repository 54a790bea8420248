package cloudemulator

import (
	"math"
	"slices"
)

// lookUp is what indexes say about a condition: all records that match it are
// at these places, and, when it is exact, no others are.
type lookUp struct {
	places []uint32
	exact  bool
}

// lookUp answers a condition from indexes; ok is false where there is none for
// it.
func (s *store) lookUp(c condition) (found lookUp, ok bool) {
	switch c := c.(type) {
	case comparison:
		return s.lookUpOne(c)
	case anyOf:
		found.exact = true
		for _, part := range c {
			one, ok := s.lookUp(part)
			if !ok {
				return lookUp{}, false
			}
			found.places = append(found.places, one.places...)
			found.exact = found.exact && one.exact
		}
		slices.Sort(found.places)
		found.places = slices.Compact(found.places)
		return found, true
	case allOf:
		for _, part := range c {
			if one, is := s.lookUp(part); is && (!ok || len(one.places) < len(found.places)) {
				found, ok = lookUp{places: one.places}, true
			}
		}
		return found, ok
	}
	return lookUp{}, false
}

func (s *store) lookUpOne(c comparison) (found lookUp, ok bool) {
	if c.operator != "=" {
		return lookUp{}, false
	}
	var place uint32
	var there bool
	rule := s.ruleOf(c.subject.path)
	switch {
	case c.subject.path == "id" && c.isWhole:
		place, there, _ = s.placeOfID(c.integer) // never fails
	case c.subject.path == "uuid":
		parsed, is := parseUUID(c.text)
		if place, there = s.byUUID[parsed]; !is {
			there = false
		}
	case rule != nil && rule.attributes[0].Kind == String:
		place, there = rule.places[":"+c.text]
	default:
		return lookUp{}, false
	}
	if there {
		found.places = []uint32{place}
	}
	found.exact = true
	return found, true
}

// idRange bounds the ids of the records that can match.
func idRange(c condition) (from, to int64) {
	from, to = 1, math.MaxInt64
	switch c := c.(type) {
	case comparison:
		if c.subject.path != "id" || !c.isWhole {
			break
		}
		switch c.operator {
		case ">":
			from = min(c.integer, math.MaxInt64-1) + 1
		case ">=":
			from = c.integer
		case "<":
			to = max(c.integer, math.MinInt64+1) - 1
		case "<=":
			to = c.integer
		}
	case allOf:
		for _, part := range c {
			partFrom, partTo := idRange(part)
			from, to = max(from, partFrom), min(to, partTo)
		}
	}
	return max(from, 1), to
}
