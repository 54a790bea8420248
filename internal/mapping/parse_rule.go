package mapping

import "strconv"

var limitKeys = []string{"min", "max"}

// rules reads `check`: the name of a rule, {rule: what it wants}, or a list of
// such.
func (r *reader) rules(f *Field, n *Node, subject string) {
	if n == nil {
		return
	}
	subject += ": check"
	items := []*Node{n}
	if n.kind == nodeList {
		items = n.items
		if len(items) == 0 {
			r.refuse(n.at, "", "%s: expected at least one rule, found an empty list", subject)
		}
	}
	for _, item := range items {
		if item.kind != nodeMap {
			name := r.choice(item, subject, ruleNames, nil)
			if name == "" {
				continue
			}
			if name != ruleEmail && name != ruleRequired {
				r.refuse(item.at, "", "%s: %s wants to be told what it asks for: {%s: …}", subject, name, name)
				continue
			}
			r.addRule(f, Rule{Name: name}, item, subject)
			continue
		}
		if len(item.pairs) == 0 {
			r.refuse(item.at, "", "%s: expected a rule, found an empty mapping", subject)
		}
		if !r.mapping(item, subject, ruleNames, nil, false) {
			continue
		}
		for _, p := range item.pairs {
			r.rule(f, p.key, p.value, subject)
		}
	}
}

func (r *reader) addRule(f *Field, rule Rule, n *Node, subject string) {
	for _, other := range f.Check {
		if other.Name == rule.Name {
			r.refuse(n.at, "", "%s: %s is given twice", subject, rule.Name)
			return
		}
	}
	f.Check = append(f.Check, rule)
}

func (r *reader) rule(f *Field, key, n *Node, subject string) {
	rule := Rule{Name: key.text}
	subject += ": " + key.text
	before := len(r.problems)
	switch key.text {
	case ruleEmail, ruleRequired:
		r.choice(n, subject, []string{"true"}, nil)
	case ruleLength, ruleRange:
		r.limits(&rule, n, subject)
	case rulePattern:
		rule.Pattern = r.word(n, subject)
		if _, err := wholePattern(rule.Pattern); err != nil {
			r.refuse(n.at, "", "%s: not a regular expression: %s", subject, err)
		}
	case ruleOneOf:
		rule.OneOf, rule.at = r.words(n, subject)
		r.once(rule.OneOf, n, subject)
	default:
		return // told as an unknown key
	}
	if len(r.problems) == before {
		r.addRule(f, rule, key, subject)
	}
}

// limits reads {min: …, max: …}, of which one may be left out.
func (r *reader) limits(rule *Rule, n *Node, subject string) {
	if !r.mapping(n, subject, limitKeys, nil, false) {
		return
	}
	if n.get("min") == nil && n.get("max") == nil {
		r.refuse(n.at, "", "%s: expected min or max", subject)
	}
	rule.Min, rule.Max = r.optional(n, "min", subject), r.optional(n, "max", subject)
	var bounds [2]int
	for i, key := range limitKeys {
		limit := n.get(key)
		if limit == nil {
			rule.at = append(rule.at, n.at)
			continue
		}
		rule.at = append(rule.at, limit.at)
		var err error
		if bounds[i], err = strconv.Atoi(limit.text); rule.Name == ruleLength && limit.kind == nodeScalar && (err != nil || bounds[i] < 0) {
			r.refuse(limit.at, "", "%s: %s: expected a whole number that is not negative", subject, key)
		}
	}
	if rule.Name == ruleLength && rule.Max != "" && bounds[0] > bounds[1] {
		r.refuse(n.get("max").at, "", "%s: max is less than min: no text would pass", subject)
	}
}
