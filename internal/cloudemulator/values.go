package cloudemulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Times as the service renders them, and all forms in which it takes them.
const timeLayout = "2006-01-02 15:04:05.000000 -0700"

var timeForms = []string{
	timeLayout, "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02",
	"2006-01-02T15:04:05.999999999", time.RFC3339Nano,
}

func parseTime(text string) (time.Time, bool) {
	for _, form := range timeForms {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

func renderTime(at time.Time) string { return at.UTC().Format(timeLayout) }

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// scalar turns a value of a request into what is kept of it. Numbers and
// booleans may come as text: loaders of CSV files send all cells as text.
func (a *Attribute) scalar(path string, value any) (any, *failure) {
	if value == nil {
		return nil, nil
	}
	text, isText := value.(string)
	switch a.Kind {
	case String:
		if !isText {
			return nil, badFormat(path, "a string")
		}
		if a.Length > 0 && utf8.RuneCountInString(text) > a.Length {
			return nil, &failure{
				code: codeLength, attribute: path,
				description: path + " is longer than " + strconv.Itoa(a.Length) + " characters",
			}
		}
		return text, nil
	case Boolean:
		if yes, is := value.(bool); is {
			return yes, nil
		}
		if yes := strings.EqualFold(text, "true"); isText && (yes || strings.EqualFold(text, "false")) {
			return yes, nil
		}
		return nil, badFormat(path, "a boolean")
	case Integer:
		if number := numberText(value); number != "" {
			if _, err := strconv.ParseInt(number, 10, 64); err == nil {
				return json.Number(number), nil
			}
		}
		return nil, badFormat(path, "an integer")
	case Decimal:
		if number := numberText(value); number != "" && json.Valid([]byte(number)) {
			return json.Number(number), nil
		}
		return nil, badFormat(path, "a decimal number")
	case Date:
		if at, ok := parseTime(text); isText && ok {
			return at.Format(time.DateOnly), nil
		}
		return nil, badFormat(path, "a date such as 2000-12-31")
	case DateTime:
		if at, ok := parseTime(text); isText && ok {
			return renderTime(at), nil
		}
		return nil, badFormat(path, "a time such as 2000-12-31 12:00:00")
	case UUID:
		if isText && uuidForm.MatchString(text) {
			return strings.ToLower(text), nil
		}
		return nil, badFormat(path, "a uuid")
	case Password:
		return password(path, value)
	case JSON:
		return value, nil
	}
	return nil, badFormat(path, "a value of type "+string(a.Kind))
}

func numberText(value any) string {
	switch number := value.(type) {
	case json.Number:
		return number.String()
	case string:
		return number
	}
	return ""
}

// password keeps a hash as it comes, and never keeps plain text. The stand-in
// for bcrypt has the same shape, equal for equal text, and is quick to make:
// nobody logs in here.
func password(path string, value any) (any, *failure) {
	switch value := value.(type) {
	case map[string]any:
		kind, isText := value["type"].(string)
		_, hasValue := value["value"].(string)
		if !isText || kind == "" || !hasValue {
			return nil, badFormat(path, "a password: text, or an object with type and value")
		}
		return value, nil
	case string:
		sum := sha256.Sum256([]byte(value))
		hash := base64.RawStdEncoding.EncodeToString(append(sum[:], sum[:8]...))[:53]
		return map[string]any{"type": "password-bcrypt", "value": "$2a$04$" + hash}, nil
	}
	return nil, badFormat(path, "a password: text, or an object with type and value")
}
