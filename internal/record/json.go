package record

import (
	"slices"
	"strings"
)

// maxDepth is how deep arrays and objects may stand in each other; databases
// give up at some depth too, and a stack is finite.
const maxDepth = 1000

// canonicalizer writes a JSON text in its one form while reading it. The
// standard library's decoder loses what matters here: it replaces broken
// surrogates silently and cannot write numbers the way they were meant.
type canonicalizer struct {
	in      string
	at      int
	depth   int
	out     []byte
	scratch []byte
	members []member // of all objects that are open
	sparse  bool     // members that are null are left out
	without []string // so are those of these names
}

// member is where one `"key":value` of an open object stands in out.
type member struct{ start, keyEnd, end int }

func (c *canonicalizer) document(text string) *Misfit {
	*c = canonicalizer{in: text, out: c.out[:0], scratch: c.scratch, members: c.members[:0], sparse: c.sparse, without: c.without}
	defer func() { c.in = "" }()
	if m := c.value(); m != nil {
		return m
	}
	c.blanks()
	if c.at != len(c.in) {
		return c.broken()
	}
	return nil
}

func (c *canonicalizer) broken() *Misfit {
	_, m := misfit(CodeWrongType, "valid JSON; it breaks at byte %d", c.at+1)
	return m
}

func (c *canonicalizer) blanks() {
	for c.at < len(c.in) && strings.IndexByte(" \t\r\n", c.in[c.at]) >= 0 {
		c.at++
	}
}

// skip passes the one byte when it comes next.
func (c *canonicalizer) skip(b byte) bool {
	if c.at < len(c.in) && c.in[c.at] == b {
		c.at++
		return true
	}
	return false
}

func (c *canonicalizer) value() *Misfit {
	c.blanks()
	if c.at == len(c.in) {
		return c.broken()
	}
	switch b := c.in[c.at]; b {
	case '{', '[':
		if c.depth++; c.depth > maxDepth {
			_, m := misfit(CodeWrongType, "JSON nested at most %d deep", maxDepth)
			return m
		}
		defer func() { c.depth-- }()
		c.at++
		if b == '{' {
			return c.object()
		}
		return c.array()
	case '"':
		return c.text()
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	default:
		return c.number()
	}
}

func (c *canonicalizer) word(word string) *Misfit {
	if !strings.HasPrefix(c.in[c.at:], word) {
		return c.broken()
	}
	c.at += len(word)
	c.out = append(c.out, word...)
	return nil
}

func (c *canonicalizer) array() *Misfit {
	c.out = append(c.out, '[')
	c.blanks()
	for first := true; !c.skip(']'); first = false {
		if !first {
			if !c.skip(',') {
				return c.broken()
			}
			c.out = append(c.out, ',')
		}
		if m := c.value(); m != nil {
			return m
		}
		c.blanks()
	}
	c.out = append(c.out, ']')
	return nil
}

func (c *canonicalizer) object() *Misfit {
	c.out = append(c.out, '{')
	open := len(c.members)
	c.blanks()
	for first := true; !c.skip('}'); first = false {
		if !first {
			if !c.skip(',') {
				return c.broken()
			}
			c.out = append(c.out, ',')
			c.blanks()
		}
		if m := c.member(); m != nil {
			return m
		}
		c.blanks()
	}
	if c.sparse || len(c.without) > 0 {
		c.members = append(c.members[:open], c.thinned(c.members[open:])...)
	}
	c.order(c.members[open:])
	c.members = c.members[:open]
	c.out = append(c.out, '}')
	return nil
}

func (c *canonicalizer) member() *Misfit {
	m := member{start: len(c.out)}
	if c.at == len(c.in) || c.in[c.at] != '"' {
		return c.broken()
	}
	if bad := c.text(); bad != nil {
		return bad
	}
	m.keyEnd = len(c.out)
	c.blanks()
	if !c.skip(':') {
		return c.broken()
	}
	c.out = append(c.out, ':')
	if bad := c.value(); bad != nil {
		return bad
	}
	m.end = len(c.out)
	c.members = append(c.members, m)
	return nil
}

// thinned takes members that are no part of the value out of the object that
// ends here.
func (c *canonicalizer) thinned(members []member) []member {
	if len(members) == 0 {
		return nil
	}
	to := members[0].start
	kept := members[:0]
	for _, m := range members {
		name := string(c.out[m.start+1 : m.keyEnd-1])
		if c.sparse && string(c.out[m.keyEnd+1:m.end]) == "null" || slices.Contains(c.without, name) {
			continue
		}
		if len(kept) > 0 {
			c.out = append(c.out[:to], ',')
			to++
		}
		// What is kept only ever moves towards the front.
		size := copy(c.out[to:cap(c.out)], c.out[m.start:m.end])
		kept = append(kept, member{start: to, keyEnd: to + m.keyEnd - m.start, end: to + size})
		to += size
	}
	c.out = c.out[:to]
	return kept
}

// order sorts the members of the object that ends here by key; of several with
// one key the last stays, as in jsonb.
func (c *canonicalizer) order(members []member) {
	key := func(m member) string { return string(c.out[m.start:m.keyEnd]) }
	ordered := true
	for i := 1; i < len(members) && ordered; i++ {
		ordered = string(c.out[members[i-1].start:members[i-1].keyEnd]) < string(c.out[members[i].start:members[i].keyEnd])
	}
	if ordered {
		return
	}
	start := members[0].start
	slices.SortStableFunc(members, func(a, b member) int { return strings.Compare(key(a), key(b)) })
	c.scratch = c.scratch[:0]
	for i, m := range members {
		if i+1 < len(members) && key(m) == key(members[i+1]) {
			continue
		}
		if len(c.scratch) > 0 {
			c.scratch = append(c.scratch, ',')
		}
		c.scratch = append(c.scratch, c.out[m.start:m.end]...)
	}
	c.out = append(c.out[:start], c.scratch...)
}
