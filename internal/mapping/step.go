package mapping

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// step is one word of a field's `do`: a function from text to text. It never
// sees NULL. With several source columns it is applied to each.
type step struct {
	name  string
	apply func(string) string
}

const nullIfBlank = "null_if_blank"

// The steps. Blanks are what Unicode calls white space, the no-break space of
// spreadsheets among them.
var steps = []step{
	{"trim", strings.TrimSpace},       // no blanks at either end
	{"squeeze", squeeze},              // every run of blanks becomes one
	{"lower", strings.ToLower},        // small letters
	{"upper", strings.ToUpper},        // capital letters
	{"title", title},                  // a capital at the start and after blank or hyphen, small letters elsewhere
	{"digits", digits},                // only 0 to 9
	{nullIfBlank, nullWhenOnlyBlanks}, // text of nothing but blanks becomes NULL
	{"no_controls", withoutControls},  // tab, line break and other control characters become a blank
	{"json_or_text", jsonOrText},      // for JSON columns: a JSON object, array or string stays as it is, other text becomes a JSON string
	{"one_line", func(s string) string { // line breaks become blanks, runs of blanks one blank, none at the ends
		return strings.Join(strings.Fields(s), " ")
	}},
}

func findStep(name string) *step {
	for i := range steps {
		if steps[i].name == name {
			return &steps[i]
		}
	}
	return nil
}

func stepNames() []string {
	names := make([]string, len(steps))
	for i := range steps {
		names[i] = steps[i].name
	}
	return names
}

func squeeze(s string) string {
	clean := true
	before := false
	for _, c := range s {
		blank := unicode.IsSpace(c)
		if blank && (before || c != ' ') {
			clean = false
			break
		}
		before = blank
	}
	if clean {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	before = false
	for _, c := range s {
		blank := unicode.IsSpace(c)
		if blank && !before {
			b.WriteByte(' ')
		}
		if !blank {
			b.WriteRune(c)
		}
		before = blank
	}
	return b.String()
}

func title(s string) string {
	start := true
	return strings.Map(func(c rune) rune {
		capital := start
		start = unicode.IsSpace(c) || c == '-'
		if capital {
			return unicode.ToTitle(c)
		}
		return unicode.ToLower(c)
	}, s)
}

func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}

func nullWhenOnlyBlanks(s string) string {
	if isBlank(s) {
		return "" // which becomes NULL, as the field may not say empty: keep
	}
	return s
}

func withoutControls(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s)
}

// jsonOrText takes what may be a document or plain text. Numbers and truth values
// are taken for text: a password of digits is no number.
func jsonOrText(s string) string {
	trimmed := strings.TrimSpace(s)
	if s == "" || trimmed != "" && strings.IndexByte(`{["`, trimmed[0]) >= 0 && json.Valid([]byte(s)) {
		return s
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return s // the column refuses it by name
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func isBlank(s string) bool {
	for _, c := range s {
		if !unicode.IsSpace(c) {
			return false
		}
	}
	return true
}

// chain makes one function of a field's steps; nil when there are none.
func chain(names []string) func(string) string {
	var apply []func(string) string
	for _, name := range names {
		if s := findStep(name); s != nil {
			apply = append(apply, s.apply)
		}
	}
	if len(apply) == 0 {
		return nil
	}
	return func(s string) string {
		// Steps that look at letters would turn broken bytes into other text;
		// the target's type refuses them by name.
		if !utf8.ValidString(s) {
			return s
		}
		for _, f := range apply {
			s = f(s)
		}
		return s
	}
}
