package mapping

import (
	"math/big"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"landfall/internal/record"
)

// Rule is one thing that a field's `check` asks of the value that would be
// written. NULL passes every rule but required.
type Rule struct {
	Name    string
	Min     string // length, range; empty: no limit
	Max     string
	Pattern string   // pattern: a regular expression for the whole text
	OneOf   []string // one-of
	at      []Position
}

// The rules.
const (
	ruleEmail    = "email"
	ruleRequired = "required"
	ruleLength   = "length"
	ruleRange    = "range"
	rulePattern  = "pattern"
	ruleOneOf    = "one-of"
)

var ruleNames = []string{ruleEmail, ruleRequired, ruleLength, ruleRange, rulePattern, ruleOneOf}

// describe says the rule so that two meanings never give the same words.
func (r *Rule) describe() string {
	switch r.Name {
	case ruleLength, ruleRange:
		return r.Name + " " + optionalText(r.Min) + ".." + optionalText(r.Max)
	case rulePattern:
		return r.Name + " " + strconv.Quote(r.Pattern)
	case ruleOneOf:
		return r.Name + " {" + plainList(r.OneOf) + "}"
	}
	return r.Name
}

func describeRules(rules []Rule) string {
	words := make([]string, len(rules))
	for i := range rules {
		words[i] = rules[i].describe()
	}
	return strings.Join(words, "; ")
}

// holds says whether a value keeps a rule.
type holds func(record.Value) bool

// checked holds what a field makes against its rules, in their order.
func (c *compiler) checked(f *Field, column record.Field, read compiledField) compiledField {
	tests := make([]holds, len(f.Check))
	broken := make([]*record.Misfit, len(f.Check))
	for i := range f.Check {
		rule := &f.Check[i]
		tests[i] = c.rule(f, rule, column)
		broken[i] = &record.Misfit{Code: record.CodeRule, Expected: rule.expected() + " (check: " + rule.Name + ")"}
	}
	return func(values []record.Value) (record.Value, *record.Misfit) {
		v, misfit := read(values)
		if misfit != nil {
			return v, misfit
		}
		for i, test := range tests {
			if v.IsNull() && f.Check[i].Name != ruleRequired {
				continue
			}
			if !test(v) {
				return record.Value{}, broken[i]
			}
		}
		return v, nil
	}
}

// expected says what a rule asks for.
func (r *Rule) expected() string {
	between := func(unit string) string {
		switch {
		case r.Max == "":
			return "at least " + r.Min + unit
		case r.Min == "":
			return "at most " + r.Max + unit
		}
		return r.Min + " to " + r.Max + unit
	}
	switch r.Name {
	case ruleEmail:
		return "an e-mail address"
	case ruleLength:
		return between(" characters")
	case ruleRange:
		return between("")
	case rulePattern:
		return "text of the form " + r.Pattern
	case ruleOneOf:
		return "one of " + someCodes(r.OneOf)
	}
	return "a value"
}

// rule makes the test of one rule for a column.
func (c *compiler) rule(f *Field, r *Rule, column record.Field) holds {
	switch r.Name {
	case ruleEmail:
		return func(v record.Value) bool { return isEmail(v.String()) }
	case ruleLength:
		least, _ := strconv.Atoi(r.Min)
		most, err := strconv.Atoi(r.Max)
		return func(v record.Value) bool {
			length := utf8.RuneCountInString(v.String())
			return length >= least && (err != nil || length <= most)
		}
	case rulePattern:
		whole, err := wholePattern(r.Pattern)
		if err != nil {
			return nil // parsing has told of it
		}
		return func(v record.Value) bool { return whole.MatchString(v.String()) }
	case ruleRange:
		return c.ranged(f, r, column)
	case ruleOneOf:
		allowed := make(map[string]bool, len(r.OneOf))
		for i, text := range r.OneOf {
			if v, ok := c.bound(f, r, column, text, i); ok {
				allowed[string(v.AppendBinary(nil))] = true
			}
		}
		return func(v record.Value) bool { return allowed[string(v.AppendBinary(nil))] }
	}
	return func(v record.Value) bool { return !v.IsNull() && !isBlank(v.String()) }
}

// wholePattern wants the whole text to match. The pattern is printed anew
// before it is put between anchors: one that ends in \Q… would swallow them.
func wholePattern(pattern string) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return regexp.Compile(`^(?:` + parsed.String() + `)$`)
}

// bound fits a text of a rule to the column, so that equal values are equal.
func (c *compiler) bound(f *Field, r *Rule, column record.Field, text string, i int) (record.Value, bool) {
	v, misfit := column.Type.Fit(record.Text(text))
	if misfit != nil {
		at := f.Position
		if i < len(r.at) {
			at = r.at[i]
		}
		c.refuse(at, "", "%s.%s: check: %s: %q does not fit the column: %s", c.entity.Name, f.Target, r.Name, text, misfit)
	}
	return v, misfit == nil
}

func (c *compiler) ranged(f *Field, r *Rule, column record.Field) holds {
	switch column.Type.Kind {
	case record.KindInt, record.KindFloat, record.KindDecimal, record.KindDate, record.KindTime, record.KindTimestamp, record.KindTimestampTZ:
	default:
		c.refuse(f.at.of("check", 0, f.Position), "", "%s.%s: check: range is for numbers, dates and times, and the column holds %s", c.entity.Name, f.Target, column.Type.Kind)
		return nil
	}
	var limits [2]*record.Value
	for i, text := range []string{r.Min, r.Max} {
		if text == "" {
			continue
		}
		if v, ok := c.bound(f, r, column, text, i); ok {
			limits[i] = &v
		}
	}
	if limits[0] != nil && limits[1] != nil && !ordered(*limits[0], *limits[1]) {
		c.refuse(r.at[1], "", "%s.%s: check: range: max is less than min: no value would pass", c.entity.Name, f.Target)
	}
	return func(v record.Value) bool {
		return (limits[0] == nil || ordered(*limits[0], v)) && (limits[1] == nil || ordered(v, *limits[1]))
	}
}

// ordered reports whether a is not after b; both have the same column's kind.
func ordered(a, b record.Value) bool {
	switch a.Kind() {
	case record.KindInt:
		return a.Int() <= b.Int()
	case record.KindFloat:
		return a.Float() <= b.Float()
	case record.KindTime:
		return a.SinceMidnight() <= b.SinceMidnight()
	case record.KindDecimal:
		x, okX := new(big.Rat).SetString(a.Raw())
		y, okY := new(big.Rat).SetString(b.Raw())
		return okX && okY && x.Cmp(y) <= 0
	}
	return !a.Time().After(b.Time())
}

// isEmail says whether a text has the form that mail servers accept: one name,
// an at sign, a domain with a dot. Whether anybody reads it is not asked.
func isEmail(text string) bool {
	local, domain, found := strings.Cut(text, "@")
	if !found || local == "" || len(local) > 64 || len(text) > 254 || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	for _, c := range local {
		if unicode.IsSpace(c) || unicode.IsControl(c) || strings.ContainsRune(`"(),:;<>[\]`, c) {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for _, c := range label {
			if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' {
				return false
			}
		}
	}
	return len(labels) > 1 && utf8.ValidString(text)
}
