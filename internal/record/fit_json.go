package record

import (
	"strings"
	"sync"
)

var canonicalizers = sync.Pool{New: func() any { return new(canonicalizer) }}

// fitJSON gives the one text of a document: compact, keys in order, numbers
// as jsonb prints them. Numbers and truth values are documents of their own.
func (t Type) fitJSON(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindJSON, KindText, KindDecimal:
	case KindInt, KindFloat, KindBool:
		v = JSON(v.String())
	default:
		return misfit(CodeWrongType, "a JSON document")
	}
	if _, m := countCharacters(v.str); m != nil {
		return Value{}, m
	}
	c := canonicalizers.Get().(*canonicalizer)
	defer canonicalizers.Put(c)
	c.sparse, c.without = t.Sparse, t.Without
	if m := c.document(v.str); m != nil {
		if t.List {
			return misfit(m.Code, "a JSON array; %s", strings.TrimPrefix(m.Expected, "valid JSON; "))
		}
		return Value{}, m
	}
	if t.List && c.out[0] != '[' {
		return misfit(CodeWrongType, "a JSON array, such as [] or [{...}]")
	}
	if string(c.out) == v.str {
		return Value{kind: KindJSON, str: v.str}, nil
	}
	return JSON(string(c.out)), nil
}
