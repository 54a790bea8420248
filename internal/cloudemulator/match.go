package cloudemulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// condition is a filter, or a part of one.
type condition interface{ matches(c *candidate) bool }

type (
	anyOf    []condition
	allOf    []condition
	negation struct{ of condition }
	nullTest struct {
		subject subject
		not     bool
	}
)

func (parts anyOf) matches(c *candidate) bool {
	return slices.ContainsFunc(parts, func(part condition) bool { return part.matches(c) })
}

func (parts allOf) matches(c *candidate) bool {
	return !slices.ContainsFunc(parts, func(part condition) bool { return !part.matches(c) })
}

func (n negation) matches(c *candidate) bool { return !n.of.matches(c) }

func (n nullTest) matches(c *candidate) bool {
	held := slices.ContainsFunc(n.subject.values(c), func(value any) bool { return value != nil })
	return held == n.not
}

// candidate is a record that may match. It is decoded when a condition needs
// its attributes.
type candidate struct {
	place uint32
	slot  slot
	whole *record
}

func (c *candidate) record() *record {
	if c.whole == nil {
		c.whole = c.slot.decoded(c.place)
	}
	return c.whole
}

// subject is what a comparison looks at.
type subject struct {
	path      string
	attribute *Attribute
	own       bool
}

// values are the values of the attribute: several inside a plural.
func (s subject) values(c *candidate) []any {
	if s.own {
		switch s.path {
		case "id":
			return []any{json.Number(strconv.FormatInt(int64(c.place)+1, 10))}
		case "uuid":
			return []any{c.slot.uuid.String()}
		case "created":
			return []any{time.UnixMicro(c.slot.created)}
		}
		return []any{time.UnixMicro(c.slot.changed)}
	}
	return reach(nil, c.record().attributes, s.path)
}

func reach(found []any, within any, path string) []any {
	if path == "" {
		if elements, is := within.([]any); is && len(elements) == 0 {
			return found // an empty plural is null
		}
		return append(found, within)
	}
	switch within := within.(type) {
	case values:
		name, rest, _ := strings.Cut(path, ".")
		return reach(found, within[name], rest)
	case []any:
		for _, element := range within {
			found = reach(found, element, path)
		}
	}
	return found
}

// comparison compares an attribute with a literal. Null compares to nothing.
type comparison struct {
	subject  subject
	operator string
	text     string // folded as the attribute wants it
	number   float64
	integer  int64
	isWhole  bool // integer is the literal, exactly
	at       time.Time
}

func newComparison(s subject, operator string, literal token) (condition, error) {
	c := comparison{subject: s, operator: operator, text: foldValue(s.attribute, literal.text)}
	wrong := func(expected string) (condition, error) {
		return nil, fmt.Errorf("%s is compared with %s, got %s", s.path, expected, literal)
	}
	switch s.attribute.Kind {
	case Integer, Decimal:
		var err error
		if c.number, err = strconv.ParseFloat(literal.text, 64); err != nil {
			return wrong("a number")
		}
		c.integer, err = strconv.ParseInt(literal.text, 10, 64)
		c.isWhole = err == nil
	case Date, DateTime:
		var ok bool
		if c.at, ok = parseTime(literal.text); !ok || literal.kind != quoted {
			return wrong("a time in single quotes")
		}
	case Boolean:
		if c.text != "true" && c.text != "false" || operator != "=" && operator != "!=" {
			return wrong("true or false, by = or !=")
		}
	case String, UUID:
		if literal.kind != quoted {
			return wrong("a text in single quotes")
		}
	default:
		return nil, fmt.Errorf("%s is %s, of which only is null can be asked", s.path, s.attribute.Kind)
	}
	return c, nil
}

func (c comparison) matches(candidate *candidate) bool {
	return slices.ContainsFunc(c.subject.values(candidate), func(value any) bool {
		return value != nil && c.holds(c.order(value))
	})
}

func (c comparison) order(value any) int {
	switch c.subject.attribute.Kind {
	case Integer, Decimal:
		text := numberText(value)
		if whole, err := strconv.ParseInt(text, 10, 64); err == nil && c.isWhole {
			return cmp.Compare(whole, c.integer)
		}
		number, _ := strconv.ParseFloat(text, 64) // stored numbers are well-formed
		return cmp.Compare(number, c.number)
	case Date, DateTime:
		at, is := value.(time.Time)
		if !is {
			at, _ = parseTime(value.(string)) // stored times are well-formed
		}
		return at.Compare(c.at)
	}
	return strings.Compare(foldValue(c.subject.attribute, value), c.text)
}

func (c comparison) holds(order int) bool {
	switch c.operator {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	}
	return order <= 0
}
