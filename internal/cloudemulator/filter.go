package cloudemulator

import (
	"fmt"
	"strings"
)

// parseFilter reads a filter: comparisons with = != > >= < <=, is null, is not
// null, and, or, not and parentheses. Text and times stand in single quotes;
// inside of them a quote is written \' or twice, and a backslash \\. An empty
// filter is nil: it matches all records.
func parseFilter(t Type, text string) (condition, *failure) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	tokens, err := tokens(text)
	if err != nil {
		return nil, invalid("filter", "filter: %s", err)
	}
	p := &filterParser{declared: t, tokens: tokens}
	parsed, err := p.or(0)
	if err == nil && p.at < len(p.tokens) {
		err = fmt.Errorf("expected and, or, or the end before %s", p.tokens[p.at])
	}
	if failed, is := err.(*failure); is {
		return nil, failed
	}
	if err != nil {
		return nil, invalid("filter", "filter: %s", err)
	}
	return parsed, nil
}

type tokenKind int

const (
	word tokenKind = iota
	number
	quoted
	sign
)

type token struct {
	kind tokenKind
	text string
}

func (t token) String() string { return fmt.Sprintf("%q", t.text) }

func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword) || t.kind == sign && t.text == keyword
}

func tokens(text string) ([]token, error) {
	var found []token
	for at := 0; at < len(text); {
		c := text[at]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			at++
		case c == '\'':
			value, length, err := quotedText(text[at:])
			if err != nil {
				return nil, err
			}
			found = append(found, token{quoted, value})
			at += length
		case strings.IndexByte("()=<>!", c) >= 0:
			length := 1
			if strings.IndexByte("<>!", c) >= 0 && strings.HasPrefix(text[at+1:], "=") {
				length = 2
			}
			found = append(found, token{sign, text[at : at+length]})
			at += length
		default:
			end := at
			for end < len(text) && wordByte(text[end]) {
				end++
			}
			if end == at {
				return nil, fmt.Errorf("unexpected %q", text[at:at+1])
			}
			kind := word
			if c == '-' || c == '+' || c >= '0' && c <= '9' {
				kind = number
			}
			found = append(found, token{kind, text[at:end]})
			at = end
		}
	}
	return found, nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.-+", c) >= 0
}

// quotedText reads a text in quotes and returns how many bytes it takes.
func quotedText(text string) (value string, length int, err error) {
	var unescaped strings.Builder
	for at := 1; at < len(text); at++ {
		next := byte(0)
		if at+1 < len(text) {
			next = text[at+1]
		}
		switch {
		case text[at] == '\\' && (next == '\'' || next == '\\'), text[at] == '\'' && next == '\'':
			unescaped.WriteByte(next)
			at++
		case text[at] == '\'':
			return unescaped.String(), at + 1, nil
		default:
			unescaped.WriteByte(text[at])
		}
	}
	return "", 0, fmt.Errorf("a text has no closing quote")
}

// deepest is how many parentheses may stand in each other.
const deepest = 100

type filterParser struct {
	declared Type
	tokens   []token
	at       int
}

func (p *filterParser) take(keyword string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at].is(keyword) {
		p.at++
		return true
	}
	return false
}

func (p *filterParser) next() (token, error) {
	if p.at == len(p.tokens) {
		return token{}, fmt.Errorf("it ends where more was expected")
	}
	p.at++
	return p.tokens[p.at-1], nil
}

func (p *filterParser) or(depth int) (condition, error) {
	return p.chain("or", depth, p.and, func(parts []condition) condition { return anyOf(parts) })
}

func (p *filterParser) and(depth int) (condition, error) {
	return p.chain("and", depth, p.single, func(parts []condition) condition { return allOf(parts) })
}

func (p *filterParser) chain(keyword string, depth int, part func(int) (condition, error), join func([]condition) condition) (condition, error) {
	var parts []condition
	for {
		one, err := part(depth)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, one); !p.take(keyword) {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return join(parts), nil
}

func (p *filterParser) single(depth int) (condition, error) {
	if depth > deepest {
		return nil, fmt.Errorf("more than %d parentheses stand in each other", deepest)
	}
	if p.take("not") {
		inner, err := p.single(depth + 1)
		return negation{inner}, err
	}
	if p.take("(") {
		inner, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return inner, err
	}
	return p.comparison()
}

var operators = []string{"=", "!=", ">", ">=", "<", "<="}

func (p *filterParser) comparison() (condition, error) {
	name, err := p.next()
	if err != nil {
		return nil, err
	}
	if name.kind != word {
		return nil, fmt.Errorf("expected an attribute, got %s", name)
	}
	subject, err := p.subject(name.text)
	if err != nil {
		return nil, err
	}
	if p.take("is") {
		not := p.take("not")
		if !p.take("null") {
			return nil, fmt.Errorf("expected null behind is")
		}
		return nullTest{subject, not}, nil
	}
	for _, operator := range operators {
		if !p.take(operator) {
			continue
		}
		literal, err := p.next()
		if err != nil {
			return nil, err
		}
		if literal.is("null") && (operator == "=" || operator == "!=") {
			return nullTest{subject, operator == "!="}, nil
		}
		return newComparison(subject, operator, literal)
	}
	return nil, fmt.Errorf("expected = != > >= < <= or is behind %s", name.text)
}

func (p *filterParser) subject(path string) (subject, error) {
	if own(path) {
		kind := map[string]Kind{"id": Integer, "uuid": UUID}[path]
		if kind == "" {
			kind = DateTime
		}
		return subject{path: path, attribute: &Attribute{Name: path, Kind: kind}, own: true}, nil
	}
	found, _ := attributeAt(p.declared.Attributes, path)
	if found == nil {
		return subject{}, &failure{code: codeUnknownAttribute, argument: "filter", description: "unknown attribute: " + path}
	}
	return subject{path: path, attribute: found}, nil
}
